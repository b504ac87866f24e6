//! Locks that go when their holder dies: a killed run leaves none behind. The kernel drops its own; where those do not reach
//! other hosts, [leases](super::lease) expire.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use pipe_foundation::system::{File, Hold, Open, System};

use super::error::CacheError;
use super::lease::{self, Lease};
use super::lock_holder::Holder;

/// How often whoever waits for a lock looks for it.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How often whoever waits for a lease looks for it: each look is work for a file server.
const LOOK_FOR_LEASE: Duration = Duration::from_secs(1);

/// A lock on a file, held until dropped; exclusive, but for those of [`Lock::share`].
#[derive(Debug)]
pub struct Lock(Held);

/// What makes a lock.
#[derive(Debug)]
enum Held {
    /// There is no file, in a cache that is only read.
    Nothing,
    /// The kernel's lock on a file, until it is closed.
    Kernel {
        /// Kept open.
        _file: Box<dyn File>,
    },
    /// A lease, where the kernel's locks do not reach other hosts.
    Lease(Box<Lease>),
}

impl Lock {
    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// When the file cannot be created or locked.
    pub fn try_take(system: &dyn System, path: &Path) -> Result<Option<Self>, CacheError> {
        Self::attempt(system, path, Hold::AloneIfFree)
    }

    /// Waits until nobody holds the lock alone, and then holds it together with others; gives up when `stop` says so.
    ///
    /// # Errors
    /// As [`Lock::try_take`].
    pub fn share(
        system: &dyn System,
        path: &Path,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Self>, CacheError> {
        loop {
            let lock = Self::attempt(system, path, Hold::SharedIfFree)?;
            if lock.is_some() || stop() {
                return Ok(lock);
            }
            pause(system, path);
        }
    }

    /// As [`Lock::share`], but writes nothing: where nobody has made the file, nobody holds the lock.
    ///
    /// # Errors
    /// When the file exists but cannot be locked.
    pub fn share_existing(
        system: &dyn System,
        path: &Path,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Self>, CacheError> {
        loop {
            let lock = Self::attempt_existing(system, path, Hold::SharedIfFree)?;
            if lock.is_some() || stop() {
                return Ok(lock);
            }
            pause(system, path);
        }
    }

    /// As [`Lock::try_take`], but writes nothing: where nobody has made the file, nobody holds the lock.
    ///
    /// # Errors
    /// As [`Lock::share_existing`].
    pub fn try_take_existing(system: &dyn System, path: &Path) -> Result<Option<Self>, CacheError> {
        Self::attempt_existing(system, path, Hold::AloneIfFree)
    }

    fn attempt_existing(
        system: &dyn System,
        path: &Path,
        hold: Hold,
    ) -> Result<Option<Self>, CacheError> {
        if let Some(root) = lease::cache_of(system, path) {
            let held = lease::held(system, &root, path, hold);
            let held = held.map_err(|error| CacheError::read(path, error))?;
            return Ok(held.is_none().then_some(Self(Held::Nothing)));
        }
        // On NFS, what is open only to be read cannot be locked alone; opened to append, nothing is written to it.
        let to_append = (hold != Hold::SharedIfFree).then(|| system.open(path, Open::Append));
        let opened = match to_append {
            Some(Ok(file)) => Ok(file),
            _ => system.open(path, Open::Read),
        };
        match opened {
            Ok(file) => Self::of_file(system, file, path, hold),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(Self(Held::Nothing))),
            Err(error) => Err(CacheError::read(path, error)),
        }
    }

    fn attempt(system: &dyn System, path: &Path, hold: Hold) -> Result<Option<Self>, CacheError> {
        let failed = |error| CacheError::write(path, error);
        let line = Holder::of_this_process(system).line();
        if let Some(root) = lease::cache_of(system, path) {
            let lease = Lease::take(system, (&root, path), hold, &line);
            return Ok(lease
                .map_err(failed)?
                .map(|lease| Self(Held::Lease(Box::new(lease)))));
        }
        let file = system.open(path, Open::WriteOrCreate).map_err(failed)?;
        let lock = Self::of_file(system, file, path, hold)?;
        if let (Some(Self(Held::Kernel { _file: file })), Hold::AloneIfFree) = (&lock, hold) {
            // It is only for people.
            let _ = file.write_all_at(&line, 0);
        }
        Ok(lock)
    }

    fn of_file(
        system: &dyn System,
        file: Box<dyn File>,
        path: &Path,
        hold: Hold,
    ) -> Result<Option<Self>, CacheError> {
        let failed = |error| CacheError::write(path, error);
        if !file.lock(hold).map_err(failed)? {
            return Ok(None);
        }
        // Removed between opening and locking, it would be a lock that nobody else sees.
        let seen = system.is_at(&*file, path).map_err(failed)?;
        Ok(seen.then_some(Self(Held::Kernel { _file: file })))
    }

    /// Waits for the lock; calls `waiting` once when it is taken, gives up when `stop` says so.
    ///
    /// # Errors
    /// As [`Lock::try_take`].
    pub fn take(
        system: &dyn System,
        path: &Path,
        waiting: impl FnOnce(),
        stop: impl Fn() -> bool,
    ) -> Result<Option<Self>, CacheError> {
        if let Some(lock) = Self::try_take(system, path)? {
            return Ok(Some(lock));
        }
        waiting();
        while !stop() {
            pause(system, path);
            if let Some(lock) = Self::try_take(system, path)? {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// Whether it is still held. The kernel's locks are as long as their process lives; a lease is lost by a process that was
    /// stopped for too long.
    ///
    /// # Errors
    /// When that cannot be determined.
    pub fn is_held(&self) -> std::io::Result<bool> {
        match &self.0 {
            Held::Lease(lease) => lease.is_held(),
            Held::Nothing | Held::Kernel { .. } => Ok(true),
        }
    }

    /// Lets go of the lock and removes its file, which is at `path`.
    pub fn release(self, system: &dyn System, path: &Path) {
        // A file that stays is an open lock, which says the same.
        if !matches!(self.0, Held::Lease(_)) {
            let _ = system.remove_file(path);
        }
    }
}

/// Waits before a lock is looked for again.
fn pause(system: &dyn System, path: &Path) {
    system.sleep(match lease::cache_of(system, path) {
        Some(_) => LOOK_FOR_LEASE,
        None => LOOK_AGAIN,
    });
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::*;

    /// Who holds a lock that cannot be looked at is not known: it is an error, and not free.
    #[test]
    fn a_lock_that_is_not_there_is_free_and_one_that_cannot_be_opened_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent");
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink(&circle, &circle).unwrap();
        for (path, is_free) in [(&absent, true), (&circle, false)] {
            let taken = Lock::try_take_existing(&RealSystem, path);
            assert_eq!(taken.is_ok_and(|lock| lock.is_some()), is_free);
            let shared = Lock::share_existing(&RealSystem, path, || true);
            assert_eq!(shared.is_ok_and(|lock| lock.is_some()), is_free);
        }
        assert!(!absent.exists());
    }
}
