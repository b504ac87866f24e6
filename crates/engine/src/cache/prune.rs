//! Removes what no kept run needs: unfinished work, checkpoints, and what only removed runs refer to.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use super::run_record::now_s;
use super::usage::Usage;
use super::{Cache, CacheError, Lock, folder};

mod chosen;
mod compaction;
mod gc;
mod kept_runs;
mod options;
mod target;

use chosen::Chosen;
use compaction::Compaction;
pub use gc::{Collected, GcOptions, gc};
use kept_runs::KeptRuns;
pub use options::PruneOptions;
use target::Target;

const DAY_S: u64 = 24 * 60 * 60;

/// What was pruned.
#[derive(Clone, Debug, Serialize)]
pub struct Pruned {
    /// Files and bytes by the part of the cache they were in; parts of which nothing went are left out.
    pub parts: Vec<Usage>,
    /// A run is in progress: what it may have found in the cache was left alone.
    pub run_in_progress: bool,
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
    let alone = alone(cache, options.dry_run)?;
    let kept = KeptRuns::of(cache, options.keep_runs, options.locked)?;
    let cutoff = match options.older_than_days {
        0 => None,
        days => Some(
            UNIX_EPOCH
                + Duration::from_secs(
                    now_s(&*cache.system).saturating_sub(days.saturating_mul(DAY_S)),
                ),
        ),
    };
    let mut chosen = Chosen::new(cache, cutoff, options.dry_run);
    chosen.unfinished(&kept.current)?;
    chosen.checkpoints(Some(
        &chosen.needed_checkpoints(&kept.current, options.checkpoints)?,
    ))?;
    let mut compaction = None;
    if alone.is_some() {
        chosen.findings()?;
        chosen.results(&kept, options.keep_runs.is_some())?;
        let is_old = |path: &Path| chosen.is_old(path);
        compaction = Some(Compaction::of(cache, &chosen.dead_tags, &is_old)?);
    }
    let parts = remove_all(
        cache,
        alone.as_ref(),
        chosen.targets,
        compaction,
        options.dry_run,
    )?;
    Ok(Pruned {
        parts,
        run_in_progress: alone.is_none(),
    })
}

/// The lock that no run is in progress, to be held to the end: runs that begin meanwhile wait. None where one is.
fn alone(cache: &Cache, dry_run: bool) -> Result<Option<Lock>, CacheError> {
    let in_use = cache.lock_path("in-use");
    match dry_run {
        true => Lock::try_take_existing(&*cache.system, &in_use),
        false => Lock::try_take(&*cache.system, &in_use),
    }
}

/// Removes what was chosen, unless that is only to be reported, and gives what it frees by part of the cache.
fn remove_all(
    cache: &Cache,
    alone: Option<&Lock>,
    targets: Vec<Target>,
    compaction: Option<Compaction>,
    dry_run: bool,
) -> Result<Vec<Usage>, CacheError> {
    let mut parts: Vec<Usage> = Vec::new();
    let mut freed = Vec::new();
    for target in targets {
        if !dry_run {
            still_alone(cache, alone)?;
            target.remove(&*cache.system)?;
        }
        freed.push(target.used);
    }
    if let Some(compaction) = compaction {
        freed.extend(compaction.frees());
        if !dry_run {
            still_alone(cache, alone)?;
            compaction.run(cache)?;
        }
    }
    if !dry_run {
        remove_free_locks(cache)?;
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
    Ok(parts)
}

/// Makes sure that a pruning which began alone still is: one that was stopped for too long may have lost its lease to a run.
fn still_alone(cache: &Cache, alone: Option<&Lock>) -> Result<(), CacheError> {
    let path = cache.lock_path("in-use");
    let is_held = alone.map_or(Ok(true), Lock::is_held);
    match is_held.map_err(|error| CacheError::read(&path, error))? {
        true => Ok(()),
        false => {
            let reason = "a run began while this process was stopped; prune again";
            Err(CacheError::write(&path, std::io::Error::other(reason)))
        }
    }
}

/// Removes the files of locks that nobody holds.
fn remove_free_locks(cache: &Cache) -> Result<(), CacheError> {
    for path in folder::entries(&*cache.system, &cache.root.join("locks"))? {
        // Held by this process, and wanted by every run.
        if path.file_name().is_some_and(|name| name == "in-use") {
            continue;
        }
        if let Some(lock) = Lock::try_take(&*cache.system, &path)? {
            lock.release(&*cache.system, &path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
