//! Locks that the kernel drops when their holder dies: a killed run leaves none behind.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use pipe_foundation::system::{File, Hold, Open, System};

use super::error::CacheError;

/// How often whoever waits for a lock looks for it.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A lock on a file, held until dropped; exclusive, but for those of [`Lock::share`].
#[derive(Debug)]
pub struct Lock {
    /// None where there is no file, in a cache that is only read.
    _file: Option<Box<dyn File>>,
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
            system.sleep(LOOK_AGAIN);
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
            system.sleep(LOOK_AGAIN);
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
        match system.open(path, Open::Read) {
            Ok(file) => Self::of_file(system, file, path, hold),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(Self { _file: None })),
            Err(error) => Err(CacheError::read(path, error)),
        }
    }

    fn attempt(system: &dyn System, path: &Path, hold: Hold) -> Result<Option<Self>, CacheError> {
        let file = system.open(path, Open::WriteOrCreate);
        let file = file.map_err(|error| CacheError::write(path, error))?;
        Self::of_file(system, file, path, hold)
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
        Ok(seen.then_some(Self { _file: Some(file) }))
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
            system.sleep(LOOK_AGAIN);
            if let Some(lock) = Self::try_take(system, path)? {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// Lets go of the lock and removes its file, which is at `path`.
    pub fn release(self, system: &dyn System, path: &Path) {
        // A file that stays is an open lock, which says the same.
        let _ = system.remove_file(path);
    }
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
