//! Why work cannot be handed to a cluster, or be followed there.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why work cannot be handed to a cluster, or be followed there.
#[derive(Debug, Error, Diagnostic)]
pub enum ClusterError {
    /// A program of the scheduler is not there.
    #[error("cannot start {program}: {reason}")]
    #[diagnostic(
        code(cluster::no_scheduler),
        help(
            "on a machine from which jobs are submitted it is in PATH; without a cluster, run without --executor"
        )
    )]
    NoProgram {
        /// The program.
        program: String,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A program of the scheduler has failed.
    #[error("{program} failed: {said}")]
    #[diagnostic(
        code(cluster::scheduler),
        help("what is submitted goes on; `pipe attach` follows it again, `pipe cancel` ends it")
    )]
    Refused {
        /// The program.
        program: String,
        /// What it said.
        said: String,
    },
    /// The folder of the jobs cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    #[diagnostic(
        code(cluster::jobs),
        help(
            "the cache has to be in a folder that all machines of the cluster share and may write"
        )
    )]
    Jobs {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// What was looked for in the cache cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Results(Box<dyn Diagnostic + Send + Sync>),
}
