//! What a pruning removes, chosen before anything is touched.

use std::collections::{BTreeSet, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pipe_foundation::Digest;
use pipe_foundation::system::System;

use crate::artifact::FingerprintInputs;
use crate::cache::items::StepTag;
use crate::cache::run_file::log_of;
use crate::cache::usage::{Usage, usage_of};
use crate::cache::{Cache, CacheError, Lock, StepOutput, folder};
use crate::manifest::location;

use super::kept_runs::KeptRuns;
use super::target::Target;

/// What is to be removed, in this order.
pub struct Chosen<'a> {
    cache: &'a Cache,
    /// What was written later is left alone.
    cutoff: Option<SystemTime>,
    dry_run: bool,
    pub targets: Vec<Target>,
    /// Tags of items that only records to be removed have.
    pub dead_tags: HashSet<StepTag>,
}

impl<'a> Chosen<'a> {
    /// Nothing yet; what was written after `cutoff` will be left alone.
    pub fn new(cache: &'a Cache, cutoff: Option<SystemTime>, dry_run: bool) -> Self {
        Self {
            cache,
            cutoff,
            dry_run,
            targets: Vec::new(),
            dead_tags: HashSet::new(),
        }
    }

    /// Work of steps that are not in `current` and that nobody is working on.
    pub fn unfinished(&mut self, current: &HashSet<Digest>) -> Result<(), CacheError> {
        for (key, path) in keyed_folders(self.system(), &self.cache.root.join("unfinished"))? {
            if current.contains(&key) || !self.is_old(&path)? {
                continue;
            }
            // Whoever works on it holds this.
            let lock_path = self.cache.lock_path(&key.hex());
            let lock = match self.dry_run {
                true => Lock::try_take_existing(self.system(), &lock_path)?,
                false => Lock::try_take(self.system(), &lock_path)?,
            };
            if lock.is_some() {
                self.add("unfinished", path, lock)?;
            }
        }
        Ok(())
    }

    /// The memory of what was found out about contents, which is made again as it is asked for; not where it cannot be read.
    pub fn findings(&mut self) -> Result<(), CacheError> {
        self.cache.findings.log().read(|_| {})?;
        let path = self.cache.findings.log().path().to_path_buf();
        match self.system().link_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(CacheError::read(&path, error)),
            Ok(_) if self.is_old(&path)? => self.add("findings.log", path, None),
            Ok(_) => Ok(()),
        }
    }

    /// Checkpoints of finished steps, but for those that are `needed`.
    pub fn checkpoints(&mut self, needed: Option<&HashSet<Digest>>) -> Result<(), CacheError> {
        for (key, path) in keyed_folders(self.system(), &self.cache.root.join("checkpoints"))? {
            let is_needed = needed.is_some_and(|needed| needed.contains(&key));
            if !is_needed && self.is_old(&path)? {
                self.add("checkpoints", path, None)?;
            }
        }
        Ok(())
    }

    /// Checkpoints that longer runs of the steps `current` could continue from, as `checkpoints` names them.
    pub fn needed_checkpoints(
        &self,
        current: &HashSet<Digest>,
        checkpoints: &dyn Fn(&FingerprintInputs) -> Vec<Digest>,
    ) -> Result<HashSet<Digest>, CacheError> {
        let mut needed = HashSet::new();
        // In an order, so that the same is read every time.
        let current: BTreeSet<&Digest> = current.iter().collect();
        for key in current {
            if let Some(record) = self.cache.records.get(key)? {
                needed.extend(checkpoints(&record.fingerprint));
            }
        }
        Ok(needed)
    }

    /// Runs beyond those kept, the records that only they had, and objects without a record.
    /// Without `forgets`, records stay.
    pub fn results(&mut self, plan: &KeptRuns, forgets: bool) -> Result<(), CacheError> {
        let mut kept = plan.kept.clone();
        for run in &plan.outdated {
            let path = self.cache.runs.path(&run.manifest, run.number);
            if self.is_old(&path)? && !self.cache.runs.is_going_on(run)? {
                self.add("runs", log_of(&path), None)?;
                self.add("runs", path, None)?;
            } else {
                kept.extend(run.record.keys());
            }
        }
        let mut referred: HashSet<Digest> = HashSet::new();
        let mut live_tags: HashSet<StepTag> = HashSet::new();
        for path in self.cache.records.paths()? {
            let Some(record) = self.cache.records.read(&path)?.whole() else {
                continue;
            };
            let outdated =
                forgets && !kept.contains(&record.fingerprint.key()) && self.is_old(&path)?;
            match outdated {
                true => self.dead_tags.extend(record.step_tag),
                false => live_tags.extend(record.step_tag),
            }
            if outdated {
                self.add("steps", path, None)?;
            } else if let StepOutput::Files(files) = record.output {
                referred.extend(files.files.iter().map(|file| file.digest));
            }
        }
        self.dead_tags.retain(|tag| !live_tags.contains(tag));
        let mut objects = Vec::new();
        for object in self.cache.objects.all() {
            let (digest, path) = object?;
            if !referred.contains(&digest) && self.is_old(&path)? {
                objects.push((digest, path));
            }
        }
        self.links(&objects.iter().map(|(digest, _)| *digest).collect())?;
        for (_, path) in objects {
            self.add("objects", path, None)?;
        }
        Ok(())
    }

    /// Links in folders for people that lead to objects that are `gone`, now or already.
    fn links(&mut self, gone: &HashSet<Digest>) -> Result<(), CacheError> {
        for published in self.cache.published.all()? {
            for file in published.files.iter().filter(|file| file.link) {
                let object = self.cache.objects.path(&file.digest);
                if !gone.contains(&file.digest) && folder::is_there(self.system(), &object)? {
                    continue;
                }
                let folder = Path::new(&published.folder);
                let path = folder.join(&file.name);
                if self.system().link_on_the_way(folder, &path).is_some() {
                    continue;
                }
                // What cannot be looked at is left alone; it may be a person's own. So is a link that does not lead into this
                // cache: whoever wrote the record may have named any folder.
                let leads_here = |target: &Path| location(target) == location(&object);
                if file.is_at(self.system(), &path).unwrap_or(false)
                    && (self.system().read_link(&path)).is_ok_and(|target| leads_here(&target))
                {
                    let used = Usage {
                        name: "links".into(),
                        files: 1,
                        bytes: 0,
                    };
                    self.targets.push(Target {
                        path,
                        used,
                        written: SystemTime::UNIX_EPOCH,
                        lock: None,
                    });
                }
            }
        }
        Ok(())
    }

    /// True when nothing in it was written after the cutoff.
    pub fn is_old(&self, path: &Path) -> Result<bool, CacheError> {
        match self.cutoff {
            None => Ok(true),
            Some(cutoff) => {
                Ok(last_written(self.system(), path)?.is_some_and(|written| written <= cutoff))
            }
        }
    }

    fn system(&self) -> &'a dyn System {
        &*self.cache.system
    }

    fn add(&mut self, part: &str, path: PathBuf, lock: Option<Lock>) -> Result<(), CacheError> {
        let used = usage_of(self.system(), part, &path)?;
        // What went this very moment frees nothing.
        let written = last_written(self.system(), &path)?.unwrap_or(SystemTime::UNIX_EPOCH);
        self.targets.push(Target {
            path,
            used,
            written,
            lock,
        });
        Ok(())
    }
}

/// When something in it was last written; none where it goes this very moment, so that somebody is at work there.
fn last_written(system: &dyn System, path: &Path) -> Result<Option<SystemTime>, CacheError> {
    let mut last = None;
    for entry in folder::walk(system, path) {
        let entry = entry?;
        match system.link_metadata(&entry.path) {
            Ok(metadata) => last = last.max(Some(metadata.modified())),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CacheError::read(&entry.path, error)),
        }
    }
    Ok(last)
}

/// Folders whose names are keys, in the order of the keys.
fn keyed_folders(system: &dyn System, folder: &Path) -> Result<Vec<(Digest, PathBuf)>, CacheError> {
    let keyed = |path: PathBuf| Some((Digest::parse(path.file_name()?.to_str()?)?, path));
    let paths = folder::entries(system, folder)?.into_iter();
    Ok(paths.filter_map(keyed).collect())
}
