//! The memory of files outside the cache: a file whose size, times and inode are as remembered is not read again.
//!
//! A digest is trusted only when the times vouch for the content: when any later change would have given the file other
//! times. A file that was read within a step of its file system's clock after it was changed is read again by the next
//! run. The step is a few milliseconds where times show such; two seconds are assumed where they are whole seconds, as
//! on NFS, FAT, HFS+ and ext3. The current time of a file system is only known for the one that the cache is on; on
//! others, times of the last ten minutes are not trusted at once, since a file server's clock may be behind.
//!
//! The number of the file system is not compared, as it changes with every mounting.
//!
//! What remains unseen: a change of the same length by which the file system's change time stays as it was. That takes
//! a file server whose clock is more than ten minutes behind, a clock that was set back so that it meets the same time
//! once more, or a file system without change times on which a program restores the other time. `--rehash` reads
//! everything.

use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_foundation::system::System;

use super::error::CacheError;
use super::interruption::Interruption;
use super::log::{Log, LogState};

mod clock;
mod seen;
mod seen_files;
mod settled;
mod stat;

use clock::Clock;
pub use seen::FileInfo;
use seen::{LENGTH, PathName, Seen, decode, encode};
use seen_files::SeenFiles;
use settled::Reading;
use stat::{Stat, stat};

/// Finds out a number about a file's content, such as the length of its audio in seconds.
pub type Measure<'a> = &'a dyn Fn(&Path) -> std::io::Result<f64>;

/// Whether the user has asked to stop.
pub type Asked<'a> = &'a dyn Fn() -> bool;

/// Remembers digests by path, size, times and inode. Contents decide; times only save reading.
pub struct StatCache {
    log: Log,
    saves: bool,
    known: Mutex<Known>,
    rehash: bool,
    system: Arc<dyn System>,
    interruption: Interruption,
    /// The clock of the file system that the log is on.
    clock: Clock,
    /// The current folder, which relative paths start from; asking for it costs as much as looking at a file.
    here: PathBuf,
    /// What reading the log found.
    pub state: LogState,
}

/// How the memory is loaded.
pub struct StatCacheOptions {
    /// Its log.
    pub log: Log,
    /// The log of another memory that is only read.
    pub base: Option<Log>,
    /// The system that the files are on.
    pub system: Arc<dyn System>,
    /// Nothing in it is trusted.
    pub rehash: bool,
    /// What is learnt is written down.
    pub saves: bool,
    /// Whether reading should end.
    pub interruption: Interruption,
}

/// What was learnt is written at least so often: a killed run reads little again.
const SAVE_EVERY: Duration = Duration::from_secs(5);

struct Known {
    files: SeenFiles,
    /// Learnt and not written yet.
    new: Vec<[u8; LENGTH]>,
    /// When something was last written.
    since: Duration,
    /// Most of the log is out of date, or some of it damaged.
    compact: bool,
}

impl Known {
    fn take_new(&mut self, uptime: Duration) -> Vec<[u8; LENGTH]> {
        self.since = uptime;
        std::mem::take(&mut self.new)
    }
}

impl StatCache {
    /// Loads the memory.
    ///
    /// # Errors
    /// When a log exists but cannot be read.
    pub fn load(options: StatCacheOptions) -> Result<Self, CacheError> {
        let StatCacheOptions {
            log,
            base,
            system,
            rehash,
            saves,
            interruption,
        } = options;
        let mut known = Known {
            files: SeenFiles::default(),
            new: Vec::new(),
            since: system.uptime(),
            compact: false,
        };
        // Its clock is read from a file that is written there.
        let folder = log.path().parent().unwrap_or(Path::new("."));
        let folder = saves.then(|| folder.to_path_buf());
        let mut records = Vec::new();
        let mut remember = |payload: &[u8]| {
            if let Some((path, seen)) = decode(payload) {
                records.push(encode(path, &seen));
            }
        };
        if let Some(base) = base {
            base.read(&mut remember)?;
        }
        let state = log.read(remember)?;
        let count = records.len();
        known.files = SeenFiles::new(records);
        let outdated = count >= 4096 && count >= 3 * known.files.loaded();
        known.compact = outdated || state.damaged_bytes > 0;
        Ok(Self {
            log,
            saves,
            known: Mutex::new(known),
            rehash,
            clock: Clock::new(folder),
            here: std::path::absolute(".").unwrap_or_default(),
            interruption,
            system,
            state,
        })
    }

    /// The digest of a file, which is read only if its times do not vouch for what is remembered.
    ///
    /// # Errors
    /// When the file cannot be read; also once the cache is interrupted.
    pub fn digest(&self, path: &Path) -> std::io::Result<Digest> {
        self.digest_unless(path, &|| false)
    }

    /// As [`StatCache::digest`], unless `interrupted` says to stop, also within a large file.
    ///
    /// # Errors
    /// As [`StatCache::digest`]; also once interrupted.
    pub fn digest_unless(&self, path: &Path, interrupted: Asked<'_>) -> std::io::Result<Digest> {
        self.info(path, None, interrupted).map(|info| info.digest)
    }

    /// The digest of a file and what `measure` finds of its content, which are worked out only if its times do not
    /// vouch for what is remembered.
    ///
    /// # Errors
    /// When the file cannot be read or measured.
    pub fn measured(&self, path: &Path, measure: Measure<'_>) -> std::io::Result<FileInfo> {
        self.measured_unless(path, measure, &|| false)
    }

    /// As [`StatCache::measured`], unless `interrupted` says to stop, also within a large file.
    ///
    /// # Errors
    /// As [`StatCache::measured`]; also once interrupted.
    pub fn measured_unless(
        &self,
        path: &Path,
        measure: Measure<'_>,
        interrupted: Asked<'_>,
    ) -> std::io::Result<FileInfo> {
        self.info(path, Some(measure), interrupted)
    }

    /// As [`StatCache::measured_unless`], whatever is remembered of the file: what an earlier version of `measure` found
    /// may be out of date.
    ///
    /// # Errors
    /// As [`StatCache::measured_unless`].
    pub fn measured_again(
        &self,
        path: &Path,
        measure: Measure<'_>,
        interrupted: Asked<'_>,
    ) -> std::io::Result<FileInfo> {
        self.look(path, Some(measure), interrupted)
    }

    fn info(
        &self,
        path: &Path,
        measure: Option<Measure<'_>>,
        interrupted: Asked<'_>,
    ) -> std::io::Result<FileInfo> {
        let (stat, _) = stat(&*self.system, path)?;
        let now_ns = clock::now_ns(&*self.system);
        match self.recall(&self.path_name(path), &stat, now_ns) {
            Some(info) if !self.rehash && (measure.is_none() || info.measure.is_some()) => Ok(info),
            _ => self.look(path, measure, interrupted),
        }
    }

    /// Reads a file, and remembers what it finds.
    fn look(
        &self,
        path: &Path,
        measure: Option<Measure<'_>>,
        interrupted: Asked<'_>,
    ) -> std::io::Result<FileInfo> {
        let name = self.path_name(path);
        let (stat, device) = stat(&*self.system, path)?;
        let now_ns = clock::now_ns(&*self.system);
        let before = self.known().files.get(&name);
        let before = before.filter(|seen| seen.stat == stat);
        // Where the clock was set back, that is when it was first met by this clock.
        let first_met_ns = before.map_or(now_ns, |seen| seen.first_met_ns.min(now_ns));
        let settled = stat.times.are_settled(&Reading {
            now_ns,
            first_met_ns,
            there_ns: self.clock.there_ns(&*self.system, device, now_ns),
        });
        let interrupted = || interrupted() || self.interruption.asked();
        let info = FileInfo {
            digest: self.system.digest_unless(path, &interrupted)?,
            measure: measure.map(|measure| measure(path)).transpose()?,
        };
        // Another file may have taken its name between the look at its times and the reading.
        let is_same = stat::stat(&*self.system, path).is_ok_and(|(after, _)| after == stat);
        let seen = Seen {
            stat,
            first_met_ns,
            settled: settled && is_same,
            info,
        };
        let gathered = {
            let mut known = self.known();
            known.new.push(encode(name, &seen));
            known.files.insert(name, seen);
            let uptime = self.system.uptime();
            let is_due = self.saves && uptime.saturating_sub(known.since) > SAVE_EVERY;
            match is_due {
                true => known.take_new(uptime),
                false => Vec::new(),
            }
        };
        if !gathered.is_empty()
            && self
                .log
                .append(gathered.iter().map(<[u8; LENGTH]>::as_slice))
                .is_err()
        {
            // The next call tries again, and the last one says why it cannot.
            self.known().new.extend(gathered);
        }
        Ok(info)
    }

    /// The info of a file that is as it was when it was last read, in this run or before; reads nothing but its times.
    pub fn remembered(&self, path: &Path) -> Option<FileInfo> {
        let (stat, _) = stat(&*self.system, path).ok()?;
        self.recall(&self.path_name(path), &stat, clock::now_ns(&*self.system))
    }

    /// What is known of a file with such times, where these vouch for its content.
    fn recall(&self, name: &PathName, stat: &Stat, now_ns: i64) -> Option<FileInfo> {
        let seen = self.known().files.get(name)?;
        // The clock may have been set back since.
        let vouched = seen.settled && seen.stat == *stat && stat.times.latest_ns() <= now_ns;
        vouched.then_some(seen.info)
    }

    /// Writes what was learnt since the last call.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn save(&self) -> Result<(), CacheError> {
        if !self.saves {
            return Ok(());
        }
        let (new, compact) = {
            let mut known = self.known();
            (
                known.take_new(self.system.uptime()),
                std::mem::take(&mut known.compact),
            )
        };
        self.log.append(new.iter().map(<[u8; LENGTH]>::as_slice))?;
        match compact {
            true => self.compact(),
            false => Ok(()),
        }
    }

    /// Drops what is damaged or out of date from the log.
    ///
    /// # Errors
    /// When the log cannot be read or written.
    pub fn compact(&self) -> Result<(), CacheError> {
        self.log.keep_last(|payload| Some(decode(payload)?.0))
    }

    /// True while the file is as it was when its content was read; reads nothing but its times.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn is_unchanged(&self, path: &Path) -> std::io::Result<bool> {
        let stat = match stat(&*self.system, path) {
            Ok((stat, _)) => stat,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let seen = self.known().files.get(&self.path_name(path));
        Ok(seen.is_some_and(|seen| stat == seen.stat))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    fn path_name(&self, path: &Path) -> PathName {
        let whole = self.here.join(path);
        let absolute = std::path::absolute(&whole).unwrap_or(whole);
        let mut name = [0; 16];
        name.copy_from_slice(&blake3::hash(absolute.as_os_str().as_bytes()).as_bytes()[..16]);
        name
    }
}

#[cfg(test)]
mod coarse_tests;
#[cfg(test)]
mod tests;
