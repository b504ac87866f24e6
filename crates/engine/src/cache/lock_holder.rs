//! Who holds a lock: what the holder has written into its file, and what the kernel of this machine knows.

use std::fmt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use pipe_foundation::system::{Hold, System};
use serde::{Deserialize, Serialize};

use super::lease;

/// Where the kernel lists the locks of this machine.
const LOCKS: &str = "/proc/locks";
const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// Who holds a lock, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub process: Option<u32>,
    /// The machine that it runs on; none where that is not known, or is this one.
    pub host: Option<String>,
    /// Its user.
    pub user: Option<String>,
    /// Since when, in seconds since 1970 by the clock of its machine.
    pub since_s: Option<u64>,
}

impl Holder {
    /// This process, from now on.
    pub fn of_this_process(system: &dyn System) -> Self {
        let own = system.identity();
        let now = system.now().duration_since(UNIX_EPOCH);
        Self {
            process: Some(own.process),
            host: Some(own.host),
            user: Some(own.user),
            since_s: now.ok().map(|now| now.as_secs()),
        }
    }

    /// The holder of the lock at `path`, which somebody holds alone.
    pub fn of(system: &dyn System, path: &Path) -> Self {
        let leases = lease::cache_of(system, path);
        let (written, here) = match &leases {
            Some(root) => {
                let held = lease::held(system, root, path, Hold::AloneIfFree);
                (held.ok().flatten(), None)
            }
            None => (system.read(path).ok(), process_here(system, path)),
        };
        let written = written.and_then(|bytes| Self::of_line(&bytes));
        let is_here = |known: &Self| known.host.as_deref() == Some(&system.identity().host);
        match written {
            Some(known) if here.is_none_or(|process| known.process == Some(process)) => Self {
                host: known.host.clone().filter(|_| !is_here(&known)),
                ..known
            },
            // What is written is of one who is gone, or was not able to write.
            _ => Self {
                process: here,
                ..Self::default()
            },
        }
    }

    /// What is written into a file.
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }

    /// Who is written at the beginning of a file; what an earlier holder has left may follow.
    fn of_line(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        serde_json::from_slice(&bytes[..end]).ok()
    }

    /// Whether anything is known.
    pub fn is_known(&self) -> bool {
        *self != Self::default()
    }
}

/// Such as `process 4711 of anna on node7, since 14:05 UTC`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            Some(process) => write!(f, "process {process}")?,
            None => write!(f, "a process")?,
        }
        // On this machine the number says all.
        let Some(host) = &self.host else {
            return Ok(());
        };
        if let Some(user) = &self.user {
            write!(f, " of {user}")?;
        }
        write!(f, " on {host}")?;
        if let Some(since_s) = self.since_s {
            let of_day_s = since_s % DAY_S;
            let (hour, minute) = (of_day_s / HOUR_S, of_day_s % HOUR_S / MINUTE_S);
            write!(f, ", since {hour:02}:{minute:02} UTC")?;
        }
        Ok(())
    }
}

/// The process on this machine that holds the kernel's lock on the file at `path` alone.
fn process_here(system: &dyn System, path: &Path) -> Option<u32> {
    let inode = system.metadata(path).ok()?.inode;
    let locks = system.read(Path::new(LOCKS)).ok()?;
    holder_in(&String::from_utf8_lossy(&locks), inode)
}

/// The process that `locks`, as the kernel lists them, has for an exclusive lock on the file with this inode. The device
/// is not compared: on some file systems the kernel names another one here than for files.
fn holder_in(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        // `1: FLOCK  ADVISORY  WRITE 2345 fe:00:678 0 EOF`; one that is waited for has `->` after the number.
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[_, "FLOCK", _, "WRITE", process, place, ..] = fields.as_slice() else {
            return None;
        };
        let found = place.rsplit(':').next()?.parse() == Ok(inode);
        // A process of another container has no number here.
        process.parse().ok().filter(|&process| found && process > 0)
    })
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::super::Lock;
    use super::*;

    #[test]
    fn the_holder_of_a_lock_is_found() {
        let locks = "1: POSIX  ADVISORY  WRITE 10 fe:00:5 0 EOF\n2: FLOCK  ADVISORY  READ  11 fe:00:5 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 12 fe:00:5 0 EOF\n3: -> FLOCK  ADVISORY  WRITE 13 fe:00:6 0 EOF\n\
                     4: FLOCK  ADVISORY  WRITE 0 fe:00:7 0 EOF\n";
        let found = [5, 6, 7, 8].map(|inode| holder_in(locks, inode));
        assert_eq!(found, [Some(12), None, None, None]);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = Lock::try_take(&RealSystem, &path).unwrap().unwrap();
        let found = Holder::of(&RealSystem, &path);
        assert_eq!(found.process, Some(std::process::id()));
        assert_eq!(found.to_string(), format!("process {}", std::process::id()));
        drop(lock);
        assert_eq!(process_here(&RealSystem, &path), None);
    }

    #[test]
    fn a_holder_on_another_machine_is_named_with_its_user_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let line = r#"{"process":4711,"host":"node7","user":"anna","since_s":1767276300}"#;
        std::fs::write(&path, format!("{line}\nuser\":\"earlier\"}}\n")).unwrap();
        let found = Holder::of(&RealSystem, &path);
        let expected = "process 4711 of anna on node7, since 14:05 UTC";
        assert_eq!(found.to_string(), expected);
        for damaged in ["", "{", "\n", "null\n", "{\"process\":-1}\n"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(!Holder::of(&RealSystem, &path).is_known(), "{damaged:?}");
        }
    }
}
