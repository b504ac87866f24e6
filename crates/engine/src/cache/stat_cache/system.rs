//! What the stat cache asks the system: a file's times, and what time it is here and where the file is.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use pipe_foundation::durable;

use super::settled::Times;

/// What the file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its number in the file system.
    pub inode: u64,
    /// Its length.
    pub bytes: u64,
    /// Its times.
    pub times: Times,
}

/// The system, as the memory sees it.
pub trait System: Send + Sync {
    /// What the file system says of a file, and the number of the file system. The number is another after every
    /// mounting.
    fn stat(&self, path: &Path) -> std::io::Result<(Stat, u64)>;

    /// Nanoseconds since 1970 by the clock of this machine.
    fn now_ns(&self) -> i64;

    /// A lower bound on what the clock of the file system `device` said at `now_ns`, where that is known.
    fn there_ns(&self, device: u64, now_ns: i64) -> Option<i64>;
}

/// The real one. It learns the clock of one file system, from a file that it writes there.
pub struct RealSystem {
    folder: Option<PathBuf>,
    stamp: OnceLock<Option<Stamp>>,
}

/// The time that a file system gave to a file that was just written.
struct Stamp {
    device: u64,
    there_ns: i64,
    /// When it had been written, by the clock of this machine.
    here_ns: i64,
    /// The same moment, by a clock that nobody sets.
    here: Instant,
}

impl RealSystem {
    /// The system, with the clock of the file system of `folder`, where one may be written to.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            stamp: OnceLock::new(),
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        let file = durable::unfinished_in(self.folder.as_deref()?).ok()?;
        let (stat, device) = self.stat(file.path()).ok()?;
        Some(Stamp {
            device,
            there_ns: stat.times.changed_ns,
            here_ns: self.now_ns(),
            here: Instant::now(),
        })
    }
}

impl System for RealSystem {
    fn stat(&self, path: &Path) -> std::io::Result<(Stat, u64)> {
        let metadata = std::fs::metadata(path)?;
        let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
        let stat = Stat {
            inode: metadata.ino(),
            bytes: metadata.size(),
            times: Times {
                modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
                changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
            },
        };
        Ok((stat, metadata.dev()))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "decides what to remember of a file, never what a result is"
    )]
    fn now_ns(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_nanos() as i64)
    }

    fn there_ns(&self, device: u64, now_ns: i64) -> Option<i64> {
        let stamp = self.stamp.get_or_init(|| self.stamp()).as_ref()?;
        // The clock of this machine may have been set meanwhile.
        let elapsed_ns = i64::try_from(stamp.here.elapsed().as_nanos()).unwrap_or(i64::MAX);
        let elapsed_ns = elapsed_ns.min(now_ns.saturating_sub(stamp.here_ns));
        (stamp.device == device).then(|| stamp.there_ns.saturating_add(elapsed_ns))
    }
}
