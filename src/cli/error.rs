//! Why a subcommand could not do its work.

use miette::Diagnostic;
use pipe_cluster::ClusterError;
use pipe_engine::cache::CacheError;
use pipe_engine::exec::RunError;
use pipe_engine::manifest::Diagnostics;
use pipe_foundation::ThreadError;
use pipe_nn::model::DeviceError;
use pipe_speech::corpus::proposal::ProposalError;
use thiserror::Error;

use crate::bundle::{BundleError, SignatureError};
use crate::inspect::InspectError;
use crate::lock::LockError;
use crate::remote::RemoteError;
use crate::track::TrackError;
use crate::trust::TrustError;

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
    /// It is not known what the user trusts.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Trust(#[from] TrustError),
    /// The manifest would start programs, and nobody has said that it may.
    #[error("{manifest} starts programs, and you have not trusted {project}")]
    #[diagnostic(
        code(trust::commands),
        help(
            "they would run with your rights:\n{lines}\nif you know who wrote them, `pipe trust {project}`, or --allow-commands just this once"
        )
    )]
    Untrusted {
        /// The manifest's path.
        manifest: String,
        /// The folder of its project.
        project: String,
        /// What it would start, a line each.
        lines: String,
    },
    /// A bundle cannot be made or used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Bundle(#[from] BundleError),
    /// A bundle has no good signature, or gets none.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Signature(#[from] SignatureError),
    /// The remote cache cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Remote(#[from] RemoteError),
    /// What a step made cannot be read back.
    #[error("{0}")]
    #[diagnostic(code(cli::step))]
    Step(miette::Report),
    /// There is no entry to propose for a corpus.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Proposal(#[from] ProposalError),
    /// The lock file cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Lock(#[from] LockError),
    /// The manifest, its data or its results are not as in the lock file.
    #[error("{manifest} is not as in {lock}; nothing was run")]
    #[diagnostic(
        code(lock::differs),
        help("{changes}`pipe lock` writes a lock file with what a run without --locked gives")
    )]
    NotAsLocked {
        /// The manifest's path.
        manifest: String,
        /// The lock file's path.
        lock: String,
        /// What differs, in lines.
        changes: String,
    },
    /// The device cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Device(#[from] DeviceError),
    /// The system refuses threads.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Threads(#[from] ThreadError),
    /// A step has another key than it must have.
    #[error("`{step}` has the key {found} here, not {expected}")]
    #[diagnostic(
        code(run::key),
        help(
            "{reasons}without --key, the step runs as it is here; otherwise let this machine see the manifest, the files, the program and the options of the run that it belongs to"
        )
    )]
    OtherKey {
        /// The step.
        step: String,
        /// Its key, in short.
        found: String,
        /// The key that it must have, in short.
        expected: String,
        /// What differs, in lines.
        reasons: String,
    },
    /// Anything else that the user gave is wrong.
    #[error("{message}")]
    #[diagnostic(code(cli::usage), help("{help}"))]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// A cluster cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cluster(#[from] ClusterError),
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
    /// Standard output could not be written.
    pub fn standard_output(reason: std::io::Error) -> Self {
        Self::Output {
            what: "to standard output".into(),
            reason,
        }
    }

    /// 2 for what the user wrote, 3 for the cache, 1 for the rest.
    pub fn code(&self) -> u8 {
        match self {
            Self::Cache(_) | Self::Inspect(InspectError::Cache(_)) => 3,
            Self::Manifest(_)
            | Self::Model(_)
            | Self::Inspect(_)
            | Self::Track(_)
            | Self::Device(_)
            | Self::Trust(_)
            | Self::Lock(_)
            | Self::Proposal(_)
            | Self::Bundle(_)
            | Self::Remote(_)
            | Self::Signature(_)
            | Self::NotAsLocked { .. }
            | Self::Untrusted { .. }
            | Self::Usage { .. } => 2,
            Self::Output { .. }
            | Self::OtherKey { .. }
            | Self::Threads(_)
            | Self::Step(_)
            | Self::Cluster(_) => 1,
        }
    }
}
