//! Reads everything in the cache and compares it with its digest: what is damaged can be taken out, to be made again.

use std::collections::{BTreeSet, HashSet};
use std::io::ErrorKind;
use std::path::Path;

use pipe_foundation::Digest;
use serde::Serialize;

use super::checksummed::{Record, Stored};
use super::items::{self, ItemIndex, ItemRecord, Location};
use super::log::LogState;
use super::run_file::{self, log_of};
use super::run_record::Ending;
use super::{Cache, CacheError, StepOutput, StepRecord, folder};

mod checkpoints;
mod run_log;
mod special_files;

/// How a cache is verified.
#[derive(Clone, Copy)]
pub struct VerifyOptions<'a> {
    /// Whether what is damaged is taken out.
    pub repair: bool,
    /// Whether a file of a checkpoint is as it was written: its name and its content. Only those who write checkpoints
    /// know.
    pub is_checkpoint_whole: &'a dyn Fn(&Path, &[u8]) -> bool,
}

/// What was read and what was wrong.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// Objects found.
    pub objects: usize,
    /// Items found.
    pub items: usize,
    /// Step records found.
    pub records: usize,
    /// Checkpoints of finished steps found.
    pub checkpoints: usize,
    /// Logs of runs found.
    pub run_logs: usize,
    /// Bytes read.
    pub bytes: u64,
    /// What was damaged or gone, by name.
    pub damaged: Vec<String>,
    /// Results that were made from something damaged: their own files are as they were written, but nobody knows whether
    /// they are right.
    pub made_from_damaged: Vec<String>,
    /// What could not be read, with the reason: nobody knows whether it is whole, so it was left alone.
    pub unreadable: Vec<String>,
    /// Whether the cache was asked to take out what is damaged, and did.
    pub repaired: bool,
}

impl Verified {
    /// True when everything could be read and was found as it was written.
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty() && self.unreadable.is_empty()
    }

    /// True when everything that is in the cache now could be read and is as it was written.
    pub fn leaves_whole(&self) -> bool {
        (self.damaged.is_empty() || self.repaired) && self.unreadable.is_empty()
    }

    fn unreadable(&mut self, error: &CacheError) {
        let reason = error.place_and_reason();
        // Many items may be in one pack; and what is no file is listed already.
        if !self.unreadable.contains(&reason) && !self.damaged.contains(&reason) {
            self.unreadable.push(reason);
        }
    }

    /// The value, or a note that it could not be read.
    fn readable<T>(&mut self, read: Result<T, CacheError>) -> Option<T> {
        read.map_err(|error| self.unreadable(&error)).ok()
    }
}

/// Reads the whole cache and, if so wanted, takes out what is damaged. Runs may be in progress meanwhile.
///
/// # Errors
/// When what is damaged cannot be removed.
pub fn verify(cache: &Cache, options: VerifyOptions<'_>) -> Result<Verified, CacheError> {
    let repair = options.repair;
    let mut work = Work {
        cache,
        repair,
        found: Verified {
            repaired: repair,
            ..Verified::default()
        },
    };
    work.special_files()?;
    let damaged = work.objects();
    work.records()?;
    work.made_from(&damaged)?;
    work.items()?;
    work.files()?;
    work.listings()?;
    work.runs()?;
    work.published()?;
    work.kept()?;
    work.checkpoints(options.is_checkpoint_whole)?;
    let mut found = work.found;
    found.damaged.sort();
    found.unreadable.sort();
    if repair {
        cache.sweep();
    }
    Ok(found)
}

struct Work<'a> {
    cache: &'a Cache,
    repair: bool,
    found: Verified,
}

impl Work<'_> {
    /// Objects, those that are damaged.
    fn objects(&mut self) -> BTreeSet<Digest> {
        let mut damaged = BTreeSet::new();
        for object in self.cache.objects.all() {
            let Some((digest, path)) = self.found.readable(object) else {
                continue;
            };
            self.found.objects += 1;
            let read = self
                .cache
                .system
                .digest(&path)
                .map_err(|error| CacheError::read(&path, error));
            let Some(read) = self.found.readable(read) else {
                continue;
            };
            self.found.bytes +=
                (self.cache.system.metadata(&path)).map_or(0, |metadata| metadata.bytes);
            if read != digest {
                self.found.damaged.push(format!("object {digest}"));
                damaged.insert(digest);
            }
        }
        damaged
    }

    /// Results that one of the objects `damaged` belongs to, and those that were made from them.
    fn made_from(&mut self, damaged: &BTreeSet<Digest>) -> Result<(), CacheError> {
        let results = self.cache.damaged_results(damaged);
        let Some(results) = self.found.readable(results) else {
            return Ok(());
        };
        let made_from = results.iter().filter(|result| result.file.is_none());
        let names = made_from.map(|result| format!("result of {}", result.step));
        self.found.made_from_damaged.extend(names);
        if !self.repair {
            return Ok(());
        }
        // A run beside this one may have made some of them again, with what was made from them.
        let mut still = BTreeSet::new();
        for digest in damaged {
            let path = self.cache.objects.path(digest);
            match self.cache.system.digest(&path) {
                Ok(now) if now == *digest => {}
                Ok(_) => {
                    still.insert(*digest);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => self.found.unreadable(&CacheError::read(&path, error)),
            }
        }
        let results = self.cache.damaged_results(&still)?;
        self.cache.forget_damaged(&still, &results)
    }

    /// Step records, and whether the objects that they name exist.
    fn records(&mut self) -> Result<(), CacheError> {
        let paths = self.cache.records.paths();
        for path in self.found.readable(paths).unwrap_or_default() {
            self.found.records += 1;
            let read = self.cache.records.read(&path);
            match self.found.readable(read) {
                // A run may have removed it meanwhile.
                None | Some(Stored::Absent) => {}
                Some(Stored::Damaged) => {
                    self.damaged(format!("record of step {}", stem(&path)), &path)?;
                }
                Some(Stored::Whole(record)) => {
                    if let Some(gone) = self.object_gone(&record) {
                        let name = format!("object {gone}");
                        // A damaged one is listed already.
                        if !self.found.damaged.contains(&name) {
                            self.found.damaged.push(name);
                        }
                        self.remove(&path)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The first missing object of a record.
    fn object_gone(&mut self, record: &StepRecord) -> Option<Digest> {
        let StepOutput::Files(files) = &record.output else {
            return None;
        };
        let mut digests = files.files.iter().map(|file| file.digest);
        digests.find(|digest| {
            let there = folder::is_there(&*self.cache.system, &self.cache.objects.path(digest));
            self.found.readable(there) == Some(false)
        })
    }

    fn items(&mut self) -> Result<(), CacheError> {
        let log = self.cache.item_log();
        let Some(index) = self.found.readable(ItemIndex::load(&log)) else {
            return Ok(());
        };
        let mut rewrite = self.log_state("the item index", index.state);
        let mut kept: Vec<(Digest, Digest, Location)> = index
            .iter()
            .filter_map(|(key, record)| match record {
                ItemRecord::Done {
                    digest,
                    location: Some(location),
                } => Some((*key, *digest, *location)),
                _ => None,
            })
            .collect();
        // In the order of the disk.
        kept.sort_by_key(|(_, _, location)| (location.pack, location.offset));
        let mut lost = HashSet::new();
        for (key, digest, location) in kept {
            self.found.items += 1;
            let held = self.cache.packs.holds(location, &digest);
            match self.found.readable(held) {
                None => {}
                Some(true) => self.found.bytes += location.bytes,
                Some(false) => {
                    self.found.damaged.push(format!("item {key}"));
                    lost.insert(key);
                    rewrite = true;
                }
            }
        }
        if !rewrite || !self.repair {
            return Ok(());
        }
        log.retain(|payload| match items::decode(payload) {
            Some((
                key,
                ItemRecord::Done {
                    digest,
                    location: Some(location),
                },
                // An earlier record of the key, which this one stood before, may be whole or not; a later one, of a run
                // in progress, is. What cannot be read stays.
            )) if lost.contains(&key) => {
                let held = self.cache.packs.holds(location, &digest);
                held.unwrap_or(true)
            }
            other => other.is_some(),
        })
    }

    fn files(&mut self) -> Result<(), CacheError> {
        if self.log_state("the stat cache", self.cache.files.state) && self.repair {
            self.cache.files.compact()?;
        }
        let read = self.cache.findings.log().read(|_| {});
        let Some(state) = self.found.readable(read) else {
            return Ok(());
        };
        match self.log_state("the memory of findings", state) && self.repair {
            true => self.cache.findings.compact(),
            false => Ok(()),
        }
    }

    fn listings(&mut self) -> Result<(), CacheError> {
        let logs = self.cache.listing_logs();
        for log in self.found.readable(logs).unwrap_or_default() {
            let Some(state) = self.found.readable(log.read(|_| {})) else {
                continue;
            };
            let name = format!("listing {}", stem(log.path()));
            if self.log_state(&name, state) && self.repair {
                log.retain(|_| true)?;
            }
        }
        Ok(())
    }

    fn runs(&mut self) -> Result<(), CacheError> {
        let paths = self.cache.runs.paths();
        for path in self.found.readable(paths).unwrap_or_default() {
            let read = run_file::read(&*self.cache.system, &path);
            match self.found.readable(read) {
                Some(Stored::Damaged) => {
                    self.remove(&log_of(&path))?;
                    self.damaged(format!("record of run {}", stem(&path)), &path)?;
                }
                Some(Stored::Whole(record)) => {
                    self.run_log(&path, record.ending == Ending::Open)?
                }
                None | Some(Stored::Absent) => {}
            }
        }
        Ok(())
    }

    fn published(&mut self) -> Result<(), CacheError> {
        let paths = self.cache.published.paths();
        for path in self.found.readable(paths).unwrap_or_default() {
            let read = self.cache.published.read(&path);
            if let Some(Stored::Damaged) = self.found.readable(read) {
                self.damaged(
                    format!("record of published results {}", stem(&path)),
                    &path,
                )?;
            }
        }
        Ok(())
    }

    /// Owners of names, pins, and records of lock files.
    fn kept(&mut self) -> Result<(), CacheError> {
        let owners = self.cache.owner_records();
        self.kept_by(owners, "owner of the manifest name")?;
        let pins = self.cache.pin_records();
        self.kept_by(pins, "pin of the run")?;
        let lock_files = self.cache.lock_file_records();
        self.kept_by(lock_files, "record of the lock file")
    }

    fn kept_by<T>(
        &mut self,
        records: Result<Vec<Record<T>>, CacheError>,
        what: &str,
    ) -> Result<(), CacheError> {
        for (path, record) in self.found.readable(records).unwrap_or_default() {
            if let Some(Stored::Damaged) = self.found.readable(record) {
                self.damaged(format!("{what} {}", stem(&path)), &path)?;
            }
        }
        Ok(())
    }

    /// Adds what reading a log found; true when some of it is damaged.
    fn log_state(&mut self, name: &str, state: LogState) -> bool {
        self.found.bytes += state.bytes as u64;
        let damaged = state.damaged_bytes > 0;
        if damaged {
            let name = format!("{} bytes of {name}", state.damaged_bytes);
            self.found.damaged.push(name);
        }
        damaged
    }

    fn damaged(&mut self, name: String, path: &Path) -> Result<(), CacheError> {
        self.found.damaged.push(name);
        self.remove(path)
    }

    fn remove(&self, path: &Path) -> Result<(), CacheError> {
        if !self.repair {
            return Ok(());
        }
        folder::remove(&*self.cache.system, path)
    }
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}
