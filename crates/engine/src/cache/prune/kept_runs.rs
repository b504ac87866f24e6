//! Which runs a pruning keeps, and the keys that they need.

use std::collections::HashSet;

use pipe_foundation::Digest;

use crate::cache::{Cache, CacheError, Ending, Pin, Run};

/// Runs by what becomes of them.
pub struct KeptRuns {
    /// Keys of the current state of all manifests, and of runs in progress.
    pub current: HashSet<Digest>,
    /// Keys of all runs that are kept.
    pub kept: HashSet<Digest>,
    /// Runs to forget.
    pub outdated: Vec<Run>,
}

impl KeptRuns {
    /// What is kept of a cache when `keep_runs` runs of each manifest are, and the results under the keys `locked`.
    pub fn of(
        cache: &Cache,
        keep_runs: Option<usize>,
        locked: &HashSet<Digest>,
    ) -> Result<Self, CacheError> {
        let mut plan = Self {
            current: HashSet::new(),
            kept: locked.clone(),
            outdated: Vec::new(),
        };
        let pins = cache.pins()?;
        for manifest in cache.runs.manifests()? {
            let mut runs = cache.runs.all(&manifest)?;
            let ended = |run: &Run| run.record.ending == Ending::Ended;
            let first_current = runs.iter().rposition(ended).unwrap_or(0);
            for (index, run) in runs.iter().enumerate() {
                if index >= first_current || cache.runs.is_going_on(run)? {
                    plan.current.extend(run.record.keys());
                }
            }
            let first_kept = match keep_runs {
                Some(count) => runs.len().saturating_sub(count).min(first_current),
                None => 0,
            };
            let kept = runs.split_off(first_kept);
            let (pinned, outdated): (Vec<Run>, Vec<Run>) = runs
                .into_iter()
                .partition(|run| pins.contains(&Pin::of(run)));
            let kept = kept.iter().chain(&pinned);
            plan.kept.extend(kept.flat_map(|run| run.record.keys()));
            plan.outdated.extend(outdated);
        }
        Ok(plan)
    }
}
