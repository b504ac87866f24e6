//! Why a run or step cannot be shown.

use miette::Diagnostic;
use pipe_engine::cache::CacheError;
use thiserror::Error;

/// A name does not say which run or step is meant, or the cache cannot be read.
#[derive(Debug, Error, Diagnostic)]
pub enum InspectError {
    /// The cache cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cache(#[from] CacheError),
    /// No manifest of this name has a run.
    #[error("there are no runs of `{name}`")]
    #[diagnostic(code(runs::unknown), help("{help}"))]
    NoManifest {
        /// What was asked for.
        name: String,
        /// What was meant, or could be.
        help: String,
    },
    /// The manifest has runs, but not this one.
    #[error("`{manifest}` has no run {wanted}")]
    #[diagnostic(code(runs::unknown), help("{help}"))]
    NoRun {
        /// The manifest.
        manifest: String,
        /// Which run was asked for.
        wanted: String,
        /// Which runs there are.
        help: String,
    },
    /// No step has this name, nor a name with it inside.
    #[error("{place} has no step `{name}`")]
    #[diagnostic(code(runs::unknown_step), help("{help}"))]
    NoStep {
        /// Where it was looked for.
        place: String,
        /// What was asked for.
        name: String,
        /// What was meant, or could be.
        help: String,
    },
    /// Several steps have this inside their names.
    #[error("`{name}` matches {count} steps")]
    #[diagnostic(
        code(runs::ambiguous_step),
        help("give more of its name:\n{candidates}")
    )]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// How many steps it may be.
        count: usize,
        /// Some of them, one a line.
        candidates: String,
    },
}
