//! Who holds a lock that is waited for, as the kernel of this machine knows.

use std::path::Path;

use pipe_foundation::system::System;

use crate::artifact::FingerprintInputs;

use super::Cache;

/// Where the kernel lists the locks of this machine.
const LOCKS: &str = "/proc/locks";

impl Cache {
    /// The process that works on the step with this fingerprint; none where that is on another machine, or is not shown
    /// to this process.
    pub fn working_on(&self, fingerprint: &FingerprintInputs) -> Option<u32> {
        holder(&*self.system, &self.step_lock_path(fingerprint))
    }
}

/// The process on this machine that holds the lock on the file at `path` alone.
pub fn holder(system: &dyn System, path: &Path) -> Option<u32> {
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
        if std::fs::read_to_string(LOCKS).is_ok_and(|locks| !locks.is_empty()) {
            assert_eq!(holder(&RealSystem, &path), Some(std::process::id()));
        }
        drop(lock);
        assert_eq!(holder(&RealSystem, &path), None);
    }
}
