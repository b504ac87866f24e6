//! What time it is: here, and by the clock of the file system that the cache is on.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use pipe_foundation::durable;
use pipe_foundation::system::System;

/// Nanoseconds since 1970 by the clock of this machine.
pub fn now_ns(system: &dyn System) -> i64 {
    let elapsed = system.now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_nanos() as i64)
}

/// The clock of one file system, which is learnt from a file that is written there.
pub struct Clock {
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
    uptime: Duration,
}

impl Clock {
    /// The clock of the file system of `folder`, where one may be written to.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            stamp: OnceLock::new(),
        }
    }

    fn stamp(&self, system: &dyn System) -> Option<Stamp> {
        let file = durable::unfinished_in(system, self.folder.as_deref()?).ok()?;
        let metadata = system.metadata(file.path()).ok()?;
        Some(Stamp {
            device: metadata.device,
            there_ns: metadata.changed_ns,
            here_ns: now_ns(system),
            uptime: system.uptime(),
        })
    }

    /// A lower bound on what the clock of the file system `device` said at `now_ns`, where that is known.
    pub fn there_ns(&self, system: &dyn System, device: u64, now_ns: i64) -> Option<i64> {
        let stamp = self.stamp.get_or_init(|| self.stamp(system)).as_ref()?;
        // The clock of this machine may have been set meanwhile.
        let elapsed = system.uptime().saturating_sub(stamp.uptime);
        let elapsed_ns = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
        let elapsed_ns = elapsed_ns.min(now_ns.saturating_sub(stamp.here_ns));
        (stamp.device == device).then(|| stamp.there_ns.saturating_add(elapsed_ns))
    }
}
