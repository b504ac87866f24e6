//! Which runs a pruning keeps, and the keys that they need.

use std::collections::HashSet;

use pipe_foundation::Digest;

use crate::cache::{Cache, CacheError, Ending, Pin, Run, RunRecord};

/// Runs by what becomes of them.
pub struct KeptRuns {
    /// Keys of the current state of all manifests, which is what their last run and their last whole run have made, and of
    /// runs in progress.
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
            let runs = cache.runs.all(&manifest)?;
            let last = |is: fn(&RunRecord) -> bool| runs.iter().rposition(|run| is(&run.record));
            let first_current = last(|record| record.ending == Ending::Ended).unwrap_or(0);
            // A run that failed names only what it came to; what the last whole one has made is still what people use.
            let last_whole = last(RunRecord::is_whole);
            let first_kept = match keep_runs {
                Some(count) => runs.len().saturating_sub(count).min(first_current),
                None => 0,
            };
            for (index, run) in runs.into_iter().enumerate() {
                let is_current = index >= first_current || last_whole == Some(index);
                if is_current || cache.runs.is_going_on(&run)? {
                    plan.current.extend(run.record.keys());
                }
                if is_current || index >= first_kept || pins.contains(&Pin::of(&run)) {
                    plan.kept.extend(run.record.keys());
                } else {
                    plan.outdated.push(run);
                }
            }
        }
        Ok(plan)
    }
}
