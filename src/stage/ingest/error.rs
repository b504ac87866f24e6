//! Why the data cannot be used as listed.

use std::path::PathBuf;

use pipe_foundation::regular_file::FileError;
use thiserror::Error;

/// Why the data cannot be used as listed.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum IngestError {
    /// Training and held-out data overlap.
    #[error("the splits share speakers, groups or audio: {findings}")]
    #[diagnostic(
        code(ingest::leak),
        help(
            "results on held-out data would be worthless. Fix the split or the corpus; `leaks = \"warn\"` continues anyway"
        )
    )]
    Leak {
        /// What they share.
        findings: String,
    },
    /// The split table cannot be read.
    #[error("cannot read the split table {}: {reason}", path.display())]
    #[diagnostic(code(ingest::split_file), help("the path is relative to the manifest"))]
    SplitFile {
        /// The table.
        path: PathBuf,
        /// Why.
        reason: FileError,
    },
}
