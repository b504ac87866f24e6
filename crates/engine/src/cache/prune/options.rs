//! What to prune.

use std::collections::HashSet;

use pipe_foundation::Digest;

use crate::artifact::FingerprintInputs;

/// What to prune.
pub struct PruneOptions<'a> {
    /// How many runs of each manifest to keep, with their results; all of them without it.
    pub keep_runs: Option<usize>,
    /// Leaves alone what was written within this many days.
    pub older_than_days: u64,
    /// Keys of results that stay in any case, such as those in lock files.
    pub locked: &'a HashSet<Digest>,
    /// Removes nothing, and reports what it would remove.
    pub dry_run: bool,
    /// Names the checkpoints that a longer run of a finished step could continue from.
    pub checkpoints: &'a dyn Fn(&FingerprintInputs) -> Vec<Digest>,
}
