//! Where tests find real recordings.

use std::path::PathBuf;

use super::skipped;

/// The folder of corpora that the environment variable `PIPE_TEST_CORPORA` names, laid out as `corpora.toml` says.
/// Without it, reports the running test as skipped and returns `None`.
pub fn corpora_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("PIPE_TEST_CORPORA").map(PathBuf::from);
    if folder.is_none() {
        skipped("PIPE_TEST_CORPORA names no folder of real recordings");
    }
    folder
}
