//! Removes what no kept run needs: unfinished work, checkpoints, and what only forgotten runs refer to.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use pipe_foundation::Digest;
use serde::Serialize;

use crate::artifact::FingerprintInputs;

use super::runs::now_s;
use super::usage::{Usage, usage_of};
use super::{Cache, CacheError, Ending, Lock, Run, StepOutput, folder};

const DAY_S: u64 = 24 * 60 * 60;

/// What to prune.
pub struct PruneOptions<'a> {
    /// How many runs of each manifest to keep, with their results; all of them without it.
    pub keep_runs: Option<usize>,
    /// Leaves alone what was written in so many last days.
    pub older_than_days: u64,
    /// Removes nothing, and tells what it would remove.
    pub dry_run: bool,
    /// Names the checkpoints that a longer run of a finished step could go on from.
    pub checkpoints: &'a dyn Fn(&FingerprintInputs) -> Vec<Digest>,
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
/// that was not stopped or killed. All is chosen before anything is removed, and the order (runs, records, objects) is
/// such that a prune that is killed leaves nothing that refers to what is gone; the next one goes on.
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
    };
    chosen.unfinished(&plan.current)?;
    chosen.checkpoints(&plan.current)?;
    if alone.is_some() {
        chosen.results(plan)?;
    }
    let mut parts: Vec<Usage> = Vec::new();
    for target in chosen.targets {
        if !options.dry_run {
            target.remove()?;
        }
        let used = target.used;
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
    fn of(cache: &Cache, keep_runs: Option<usize>) -> Result<Self, CacheError> {
        let mut plan = Self {
            current: HashSet::new(),
            kept: HashSet::new(),
            outdated: Vec::new(),
        };
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
            plan.kept
                .extend(kept.iter().flat_map(|run| run.record.keys()));
            plan.outdated.extend(runs);
        }
        Ok(plan)
    }
}

/// Something to remove.
struct Target {
    path: PathBuf,
    used: Usage,
    /// Held until it is removed, where somebody could be working on it.
    _lock: Option<Lock>,
}

impl Target {
    fn remove(&self) -> Result<(), CacheError> {
        let removed = self
            .path
            .symlink_metadata()
            .and_then(|metadata| match metadata.is_dir() {
                true => std::fs::remove_dir_all(&self.path),
                false => std::fs::remove_file(&self.path),
            });
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(CacheError::write(&self.path, error))
            }
            _ => Ok(()),
        }
    }
}

/// What is to be removed, in this order.
struct Chosen<'a> {
    cache: &'a Cache,
    options: &'a PruneOptions<'a>,
    now_s: u64,
    targets: Vec<Target>,
}

impl Chosen<'_> {
    fn unfinished(&mut self, current: &HashSet<Digest>) -> Result<(), CacheError> {
        for (key, path) in keyed_folders(&self.cache.root.join("unfinished"))? {
            if current.contains(&key) || !self.is_old(&path)? {
                continue;
            }
            // Whoever works on it holds this.
            let lock = Lock::try_take(&self.cache.lock_path(&key.hex()))?;
            if lock.is_some() {
                self.add("unfinished", path, lock)?;
            }
        }
        Ok(())
    }

    fn checkpoints(&mut self, current: &HashSet<Digest>) -> Result<(), CacheError> {
        let mut needed: HashSet<Digest> = HashSet::new();
        for key in current {
            if let Some(record) = self.cache.records.get(key)? {
                needed.extend((self.options.checkpoints)(&record.fingerprint));
            }
        }
        for (key, path) in keyed_folders(&self.cache.root.join("checkpoints"))? {
            if !needed.contains(&key) && self.is_old(&path)? {
                self.add("checkpoints", path, None)?;
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
            if self.is_old(&path)? && !self.cache.runs.is_going_on(&run)? {
                self.add("runs", path, None)?;
            } else {
                kept.extend(run.record.keys());
            }
        }
        let mut referred: HashSet<Digest> = HashSet::new();
        for path in self.cache.records.paths()? {
            let Some(record) = self.cache.records.read(&path)?.whole() else {
                continue;
            };
            let outdated = self.options.keep_runs.is_some()
                && !kept.contains(&record.fingerprint.key())
                && self.is_old(&path)?;
            if outdated {
                self.add("steps", path, None)?;
            } else if let StepOutput::Files(files) = record.output {
                referred.extend(files.files.iter().map(|file| file.digest));
            }
        }
        for object in self.cache.objects.all() {
            let (digest, path) = object?;
            if !referred.contains(&digest) && self.is_old(&path)? {
                self.add("objects", path, None)?;
            }
        }
        Ok(())
    }

    /// True when nothing in it was written within the days that are left alone.
    fn is_old(&self, path: &Path) -> Result<bool, CacheError> {
        let age = Duration::from_secs(self.options.older_than_days.saturating_mul(DAY_S));
        if age.is_zero() {
            return Ok(true);
        }
        let now = UNIX_EPOCH + Duration::from_secs(self.now_s);
        for entry in folder::walk(path) {
            let entry = entry?;
            let modified = entry.path().symlink_metadata().and_then(|m| m.modified());
            let modified = modified.map_err(|error| CacheError::read(entry.path(), error))?;
            if now.duration_since(modified).is_ok_and(|old| old >= age) {
                continue;
            }
            return Ok(false);
        }
        Ok(true)
    }

    fn add(&mut self, part: &str, path: PathBuf, lock: Option<Lock>) -> Result<(), CacheError> {
        self.targets.push(Target {
            used: usage_of(part, &path)?,
            path,
            _lock: lock,
        });
        Ok(())
    }
}

/// Folders whose names are keys, in the order of the keys.
fn keyed_folders(folder: &Path) -> Result<Vec<(Digest, PathBuf)>, CacheError> {
    let keyed = |path: PathBuf| Some((Digest::parse(path.file_name()?.to_str()?)?, path));
    let paths = folder::entries(folder)?.into_iter();
    Ok(paths.filter_map(keyed).collect())
}

#[cfg(test)]
mod tests;
