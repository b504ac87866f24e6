//! Stored data that are something else.

use miette::Diagnostic;
use thiserror::Error;

/// Stored data that is not what it should be.
#[derive(Debug, Error, Diagnostic)]
#[error("stored data is not {expected}: {reason}")]
#[diagnostic(code(artifact::data))]
pub struct DataError {
    expected: &'static str,
    reason: String,
}

impl DataError {
    /// Data that should have been `expected`, as in "audio", and why they are not.
    pub fn new(expected: &'static str, reason: impl ToString) -> Self {
        Self {
            expected,
            reason: reason.to_string(),
        }
    }
}
