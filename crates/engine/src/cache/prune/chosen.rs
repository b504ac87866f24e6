//! What a pruning removes, chosen before anything is touched.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use pipe_foundation::Digest;

use crate::cache::items::StepTag;
use crate::cache::usage::{Usage, usage_of};
use crate::cache::{Cache, CacheError, Lock, StepOutput, folder};

use super::kept_runs::KeptRuns;
use super::options::PruneOptions;
use super::target::Target;

const DAY_S: u64 = 24 * 60 * 60;

/// What is to be removed, in this order.
pub struct Chosen<'a> {
    pub cache: &'a Cache,
    pub options: &'a PruneOptions<'a>,
    pub now_s: u64,
    pub targets: Vec<Target>,
    /// Tags of items that only records to be removed have.
    pub dead_tags: HashSet<StepTag>,
}

impl Chosen<'_> {
    pub fn unfinished(&mut self, current: &HashSet<Digest>) -> Result<(), CacheError> {
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

    pub fn checkpoints(&mut self, current: &HashSet<Digest>) -> Result<(), CacheError> {
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
    pub fn results(&mut self, plan: KeptRuns) -> Result<(), CacheError> {
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
        let mut live_tags: HashSet<StepTag> = HashSet::new();
        for path in self.cache.records.paths()? {
            let Some(record) = self.cache.records.read(&path)?.whole() else {
                continue;
            };
            let outdated = self.options.keep_runs.is_some()
                && !kept.contains(&record.fingerprint.key())
                && self.is_old(&path)?;
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
                if !gone.contains(&file.digest) && folder::is_there(&object)? {
                    continue;
                }
                let path = Path::new(&published.folder).join(&file.name);
                // What cannot be looked at is left alone; it may be a person's own.
                if file.is_at(&path).unwrap_or(false) {
                    let used = Usage {
                        name: "links".into(),
                        files: 1,
                        bytes: 0,
                    };
                    self.targets.push(Target {
                        path,
                        used,
                        lock: None,
                    });
                }
            }
        }
        Ok(())
    }

    /// True when nothing in it was written within the days that are left alone.
    pub fn is_old(&self, path: &Path) -> Result<bool, CacheError> {
        let age = Duration::from_secs(self.options.older_than_days.saturating_mul(DAY_S));
        if age.is_zero() {
            return Ok(true);
        }
        let now = UNIX_EPOCH + Duration::from_secs(self.now_s);
        for entry in folder::walk(path) {
            let entry = entry?;
            let modified = entry.path().symlink_metadata().and_then(|m| m.modified());
            let old = match modified {
                Ok(modified) => now.duration_since(modified).is_ok_and(|old| old >= age),
                // It went this very moment, so somebody is at work there.
                Err(error) if error.kind() == ErrorKind::NotFound => false,
                Err(error) => return Err(CacheError::read(entry.path(), error)),
            };
            if !old {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn add(&mut self, part: &str, path: PathBuf, lock: Option<Lock>) -> Result<(), CacheError> {
        let used = usage_of(part, &path)?;
        self.targets.push(Target { path, used, lock });
        Ok(())
    }
}

/// Folders whose names are keys, in the order of the keys.
fn keyed_folders(folder: &Path) -> Result<Vec<(Digest, PathBuf)>, CacheError> {
    let keyed = |path: PathBuf| Some((Digest::parse(path.file_name()?.to_str()?)?, path));
    let paths = folder::entries(folder)?.into_iter();
    Ok(paths.filter_map(keyed).collect())
}
