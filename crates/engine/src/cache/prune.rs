//! Removes what no kept run needs: unfinished work, checkpoints, and what only removed runs refer to.

use std::collections::HashSet;

use serde::Serialize;

use super::run_record::now_s;
use super::usage::Usage;
use super::{Cache, CacheError, Lock};

mod chosen;
mod compaction;
mod kept_runs;
mod options;
mod target;

use chosen::Chosen;
use compaction::Compaction;
use kept_runs::KeptRuns;
pub use options::PruneOptions;

/// What was pruned.
#[derive(Clone, Debug, Serialize)]
pub struct Pruned {
    /// Files and bytes by the part of the cache they were in; parts of which nothing went are left out.
    pub parts: Vec<Usage>,
    /// A run is in progress: what it may have found in the cache was left alone.
    pub run_goes_on: bool,
}

impl Pruned {
    /// Bytes of all parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

/// Prunes the cache. Runs may be in progress meanwhile, and then only what no run can be using is removed.
///
/// Always kept is what the current state of each manifest needs: its latest run, and those before it down to one that
/// was not stopped or killed. All is chosen before anything is removed, and the order (runs, records, links, objects,
/// items) is such that a prune that is killed leaves nothing that refers to what is gone; the next one continues.
///
/// # Errors
/// When something that says what is needed cannot be read: then nothing is removed. When something cannot be removed.
pub fn prune(cache: &Cache, options: &PruneOptions<'_>) -> Result<Pruned, CacheError> {
    // Held to the end: runs that begin meanwhile wait.
    let alone = Lock::try_take(&cache.lock_path("in-use"))?;
    let plan = KeptRuns::of(cache, options.keep_runs)?;
    let mut chosen = Chosen {
        cache,
        options,
        now_s: now_s(),
        targets: Vec::new(),
        dead_tags: HashSet::new(),
    };
    chosen.unfinished(&plan.current)?;
    chosen.checkpoints(&plan.current)?;
    if alone.is_some() {
        chosen.results(plan)?;
    }
    let compaction = match alone {
        Some(_) => Some(Compaction::of(cache, &chosen.dead_tags, &|path| {
            chosen.is_old(path)
        })?),
        None => None,
    };
    let mut parts: Vec<Usage> = Vec::new();
    let mut freed = Vec::new();
    for target in chosen.targets {
        if !options.dry_run {
            target.remove()?;
        }
        freed.push(target.used);
    }
    if let Some(compaction) = compaction {
        freed.extend(compaction.frees());
        if !options.dry_run {
            compaction.run(cache)?;
        }
    }
    for used in freed {
        match parts.iter_mut().find(|known| known.name == used.name) {
            Some(known) => {
                known.files += used.files;
                known.bytes += used.bytes;
            }
            None => parts.push(used),
        }
    }
    parts.retain(|part| part.files > 0);
    Ok(Pruned {
        parts,
        run_goes_on: alone.is_none(),
    })
}

#[cfg(test)]
mod tests;
