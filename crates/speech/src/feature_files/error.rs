//! A file of features that cannot be read.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use pipe_foundation::regular_file::FileError;
use thiserror::Error;

/// Why features cannot be read.
#[derive(Clone, Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("{}: {reason}", path.display())]
#[diagnostic(code(feature_files::unreadable))]
pub struct FeatureFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// What to do.
    #[help]
    pub help: Option<String>,
    /// The number of the system's error, where nothing is known to be wrong with the content.
    pub system_error: Option<i32>,
}

/// What is wrong with the content of a file, or with the system that it is read from.
#[derive(Debug)]
pub enum Fault {
    /// The system could not read it.
    System(std::io::Error),
    /// It is not what it should be.
    Content(String),
}

impl FeatureFileError {
    /// What is wrong with `path`.
    pub fn new(path: &Path, fault: impl Into<Fault>) -> Self {
        let (reason, system_error) = match fault.into() {
            Fault::System(error) => (error.to_string(), error.raw_os_error()),
            Fault::Content(reason) => (reason, None),
        };
        Self {
            path: path.to_path_buf(),
            reason,
            help: None,
            system_error,
        }
    }

    /// What is wrong with the features called `name` in `path`.
    pub fn of_name(path: &Path, name: impl Display, fault: impl Into<Fault>) -> Self {
        let error = Self::new(path, fault);
        Self {
            reason: format!("{name}: {}", error.reason),
            ..error
        }
    }

    /// The same with advice.
    pub fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Content("it is cut short".into()),
            ErrorKind::InvalidData | ErrorKind::InvalidInput => Self::Content(error.to_string()),
            _ => Self::System(error),
        }
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => error.into(),
            other => Self::Content(other.to_string()),
        }
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Content(reason)
    }
}

impl From<&str> for Fault {
    fn from(reason: &str) -> Self {
        Self::Content(reason.into())
    }
}
