//! Removes what no kept run needs: unfinished work, trajectories, and what only forgotten runs refer to.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use pipe_foundation::Digest;
use serde::Serialize;

use crate::artifact::KeyMaterial;

use super::runs::now_s;
use super::usage::{Usage, usage_of};
use super::{Cache, CacheError, Ending, Lock, Run, StepOutput};

const DAY_S: u64 = 24 * 60 * 60;

/// What to prune.
pub struct PruneOptions<'a> {
    /// How many runs of each manifest to keep, with their results; all of them without it.
    pub keep_runs: Option<usize>,
    /// Leaves alone what was written in so many last days.
    pub older_than_days: u64,
    /// Removes nothing, and tells what it would remove.
    pub dry_run: bool,
    /// Names the trajectories that a longer run of a finished step could go on from.
    pub trajectories: &'a dyn Fn(&KeyMaterial) -> Vec<Digest>,
}

/// What was pruned.
#[derive(Clone, Debug, Serialize)]
pub struct Pruned {
    /// Files and bytes by the part of the cache they were in; parts of which nothing went are left out.
    pub parts: Vec<Usage>,
    /// A run goes on: what it may have found in the cache was left alone.
    pub run_goes_on: bool,
}

impl Pruned {
    /// Bytes of all parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

/// Prunes the cache. Runs may go on meanwhile, and then only what no run can be using goes.
///
/// Always kept is what the current state of each manifest needs: its latest run, and those before it down to one
/// that was not stopped or killed. The order (runs, records, objects) is such that a prune that is killed leaves
/// nothing that refers to what is gone; the next one goes on.
///
/// # Errors
/// When something cannot be removed.
pub fn prune(cache: &Cache, options: &PruneOptions<'_>) -> Result<Pruned, CacheError> {
    // Held to the end: runs that begin meanwhile wait.
    let alone = Lock::try_take(&cache.lock_path("in-use"))?;
    let plan = KeptRuns::of(cache, options.keep_runs);
    let mut work = Work {
        cache,
        options,
        now_s: now_s(),
        parts: Vec::new(),
    };
    work.unfinished(&plan.current)?;
    work.trajectories(&plan.current)?;
    if alone.is_some() {
        work.results(plan)?;
    }
    work.parts.retain(|part| part.files > 0);
    Ok(Pruned {
        parts: work.parts,
        run_goes_on: alone.is_none(),
    })
}

/// Runs by what becomes of them.
struct KeptRuns {
    /// Keys of the current state of all manifests, and of runs that go on.
    current: HashSet<Digest>,
    /// Keys of all runs that are kept.
    kept: HashSet<Digest>,
    /// Runs to forget.
    outdated: Vec<Run>,
}

impl KeptRuns {
    fn of(cache: &Cache, keep_runs: Option<usize>) -> Self {
        let mut plan = Self {
            current: HashSet::new(),
            kept: HashSet::new(),
            outdated: Vec::new(),
        };
        for manifest in cache.runs.manifests() {
            let mut runs = cache.runs.all(&manifest);
            let ended = |run: &Run| run.record.ending == Ending::Ended;
            let first_current = runs.iter().rposition(ended).unwrap_or(0);
            for (index, run) in runs.iter().enumerate() {
                if index >= first_current || cache.runs.is_going_on(run) {
                    plan.current.extend(run.record.keys());
                }
            }
            let first_kept = match keep_runs {
                Some(count) => runs.len().saturating_sub(count).min(first_current),
                None => 0,
            };
            let kept = runs.split_off(first_kept);
            plan.kept
                .extend(kept.iter().flat_map(|run| run.record.keys()));
            plan.outdated.extend(runs);
        }
        plan
    }
}

struct Work<'a> {
    cache: &'a Cache,
    options: &'a PruneOptions<'a>,
    now_s: u64,
    parts: Vec<Usage>,
}

impl Work<'_> {
    fn unfinished(&mut self, current: &HashSet<Digest>) -> Result<(), CacheError> {
        for (key, path) in keyed_folders(&self.cache.root.join("unfinished")) {
            if current.contains(&key) || !self.is_old(&path) {
                continue;
            }
            // Whoever works on it holds this.
            if let Some(_lock) = Lock::try_take(&self.cache.lock_path(&key.hex()))? {
                self.remove("unfinished", &path)?;
            }
        }
        Ok(())
    }

    fn trajectories(&mut self, current: &HashSet<Digest>) -> Result<(), CacheError> {
        let records = current.iter().filter_map(|key| self.cache.records.get(key));
        let needed: HashSet<Digest> = records
            .flat_map(|record| (self.options.trajectories)(&record.material))
            .collect();
        for (key, path) in keyed_folders(&self.cache.root.join("trajectories")) {
            if !needed.contains(&key) && self.is_old(&path) {
                self.remove("trajectories", &path)?;
            }
        }
        Ok(())
    }

    /// Runs beyond those kept, the records that only they had, and objects without a record.
    fn results(&mut self, plan: KeptRuns) -> Result<(), CacheError> {
        let KeptRuns {
            mut kept, outdated, ..
        } = plan;
        for run in outdated {
            let path = self.cache.runs.path(&run.manifest, run.number);
            if self.is_old(&path) && !self.cache.runs.is_going_on(&run) {
                self.remove("runs", &path)?;
            } else {
                kept.extend(run.record.keys());
            }
        }
        let mut referred: HashSet<Digest> = HashSet::new();
        for path in self.cache.records.paths() {
            let Some(record) = self.cache.records.read(&path) else {
                continue;
            };
            let outdated = self.options.keep_runs.is_some()
                && !kept.contains(&record.material.key())
                && self.is_old(&path);
            if outdated {
                self.remove("steps", &path)?;
            } else if let StepOutput::Files(files) = record.output {
                referred.extend(files.files.iter().map(|file| file.digest));
            }
        }
        for (digest, path) in self.cache.objects.all() {
            if !referred.contains(&digest) && self.is_old(&path) {
                self.remove("objects", &path)?;
            }
        }
        Ok(())
    }

    /// True when nothing in it was written within the days that are left alone.
    fn is_old(&self, path: &Path) -> bool {
        let age = Duration::from_secs(self.options.older_than_days.saturating_mul(DAY_S));
        let now = UNIX_EPOCH + Duration::from_secs(self.now_s);
        let mut entries = walkdir::WalkDir::new(path).into_iter().flatten();
        age.is_zero()
            || entries.all(|entry| {
                let modified = entry.metadata().ok().and_then(|m| m.modified().ok());
                modified.is_none_or(|time| now.duration_since(time).is_ok_and(|old| old >= age))
            })
    }

    fn remove(&mut self, part: &str, path: &Path) -> Result<(), CacheError> {
        let used = usage_of(part, path);
        if !self.options.dry_run {
            let removed = match path.is_dir() {
                true => std::fs::remove_dir_all(path),
                false => std::fs::remove_file(path),
            };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CacheError::write(path, error));
                }
                _ => {}
            }
        }
        match self.parts.iter_mut().find(|known| known.name == part) {
            Some(known) => {
                known.files += used.files;
                known.bytes += used.bytes;
            }
            None => self.parts.push(used),
        }
        Ok(())
    }
}

/// Folders whose names are keys, in the order of the keys.
fn keyed_folders(folder: &Path) -> Vec<(Digest, std::path::PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let key = Digest::parse(&entry.file_name().to_string_lossy())?;
            Some((key, entry.path()))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests;
