//! Why a subcommand could not do its work.

use miette::Diagnostic;
use pipe_engine::cache::CacheError;
use pipe_engine::exec::RunError;
use pipe_engine::manifest::Diagnostics;
use pipe_foundation::ThreadError;
use pipe_nn::model::DeviceError;
use thiserror::Error;

use crate::inspect::InspectError;
use crate::track::TrackError;

/// Why a subcommand could not do its work.
#[derive(Debug, Error, Diagnostic)]
pub enum CliError {
    /// The manifest or `corpora.toml` is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Manifest(#[from] Diagnostics),
    /// The cache cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cache(#[from] CacheError),
    /// A model cannot be used as asked.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Model(Box<dyn Diagnostic + Send + Sync>),
    /// A run or step is not known.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Inspect(#[from] InspectError),
    /// Trainings cannot be tracked there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Track(#[from] TrackError),
    /// The device cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Device(#[from] DeviceError),
    /// The system refuses threads.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Threads(#[from] ThreadError),
    /// Anything else that the user gave is wrong.
    #[error("{message}")]
    #[diagnostic(code(cli::usage), help("{help}"))]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// Output could not be written.
    #[error("cannot write {what}: {reason}")]
    #[diagnostic(
        code(cli::output),
        help("check that the folder exists, has free space and is writable")
    )]
    Output {
        /// What was to be written.
        what: String,
        /// What the system said.
        reason: std::io::Error,
    },
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Cache(error) => Self::Cache(error),
        }
    }
}

impl CliError {
    /// 2 for what the user wrote, 3 for the cache, 1 for the rest.
    pub fn code(&self) -> u8 {
        match self {
            Self::Cache(_) | Self::Inspect(InspectError::Cache(_)) => 3,
            Self::Manifest(_)
            | Self::Model(_)
            | Self::Inspect(_)
            | Self::Track(_)
            | Self::Device(_)
            | Self::Usage { .. } => 2,
            Self::Output { .. } | Self::Threads(_) => 1,
        }
    }
}
