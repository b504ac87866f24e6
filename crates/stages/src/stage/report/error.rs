//! Why a report cannot be written.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why a report cannot be written.
#[derive(Debug, Error, Diagnostic)]
pub enum ReportError {
    /// An input lacks a file.
    #[error("`{step}` has no {file}")]
    #[diagnostic(code(report::input))]
    Input {
        /// The input.
        step: String,
        /// The file.
        file: &'static str,
    },
    /// A file of an input cannot be read.
    #[error("cannot read the result of `{step}`: {reason}")]
    #[diagnostic(code(report::input))]
    Unreadable {
        /// The input.
        step: String,
        /// Why.
        reason: String,
    },
    /// The reference names no value of the matrix, or several.
    #[error("`reference = \"{written}\"` names {axes} values of the matrix, not one")]
    #[diagnostic(
        code(report::reference),
        help("the evaluations have the values {known}")
    )]
    Reference {
        /// What the manifest says.
        written: String,
        /// How many values it names.
        axes: usize,
        /// What it may name.
        known: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    #[diagnostic(code(report::output))]
    Output {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
}
