//! The data of one item on its way through a group of steps, and its form in a pack.

use std::any::Any;
use std::fmt::Debug;

use miette::Diagnostic;
use thiserror::Error;

use super::ArtifactKind;

/// The data of one item. A domain has one type for each kind of item; [`Bytes`](super::Bytes) are the engine's own.
///
/// Stored items are safetensors documents by convention, so that Python reads packs too.
pub trait ItemData: Any + Debug + Send + Sync {
    /// Which kind of artifact such items make up.
    fn kind(&self) -> ArtifactKind;

    /// The stored form; equal data give equal bytes.
    ///
    /// # Errors
    /// When the data have no stored form, which a well-formed item never meets.
    fn encode(&self) -> Result<Vec<u8>, DataError>;
}

impl dyn ItemData {
    /// The data as those of one type, if they are.
    pub fn downcast_ref<T: ItemData>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

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
