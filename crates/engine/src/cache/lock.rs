//! Locks that the kernel drops when their holder dies: a killed run leaves none behind.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use pipe_foundation::durable::is_at;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::CacheError;
use super::folder;

/// A lock on a file, held until dropped; exclusive, but for those of [`Lock::share`].
#[derive(Debug)]
pub struct Lock {
    /// None where there is no file, in a cache that is only read.
    _file: Option<File>,
}

impl Lock {
    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// When the file cannot be created or locked.
    pub fn try_take(path: &Path) -> Result<Option<Self>, CacheError> {
        Self::attempt(path, FlockOperation::NonBlockingLockExclusive)
    }

    /// Waits until nobody holds the lock alone, and then holds it together with others; gives up when `stop` says so.
    ///
    /// # Errors
    /// As [`Lock::try_take`].
    pub fn share(path: &Path, stop: impl Fn() -> bool) -> Result<Option<Self>, CacheError> {
        loop {
            let lock = Self::attempt(path, FlockOperation::NonBlockingLockShared)?;
            if lock.is_some() || stop() {
                return Ok(lock);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// As [`Lock::share`], but writes nothing: where nobody has made the file, nobody holds the lock.
    ///
    /// # Errors
    /// When the file exists but cannot be locked.
    pub fn share_existing(
        path: &Path,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Self>, CacheError> {
        loop {
            let lock = Self::attempt_existing(path, FlockOperation::NonBlockingLockShared)?;
            if lock.is_some() || stop() {
                return Ok(lock);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// As [`Lock::try_take`], but writes nothing: where nobody has made the file, nobody holds the lock.
    ///
    /// # Errors
    /// As [`Lock::share_existing`].
    pub fn try_take_existing(path: &Path) -> Result<Option<Self>, CacheError> {
        Self::attempt_existing(path, FlockOperation::NonBlockingLockExclusive)
    }

    fn attempt_existing(
        path: &Path,
        operation: FlockOperation,
    ) -> Result<Option<Self>, CacheError> {
        match File::open(path) {
            Ok(file) => Self::of_file(file, path, operation),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(Self { _file: None })),
            Err(error) => Err(CacheError::read(path, error)),
        }
    }

    fn attempt(path: &Path, operation: FlockOperation) -> Result<Option<Self>, CacheError> {
        let file = folder::write_options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path);
        let file = file.map_err(|error| CacheError::write(path, error))?;
        Self::of_file(file, path, operation)
    }

    fn of_file(
        file: File,
        path: &Path,
        operation: FlockOperation,
    ) -> Result<Option<Self>, CacheError> {
        match flock(&file, operation) {
            Ok(()) => {
                // Removed between opening and locking, it would be a lock that nobody else sees.
                let seen = is_at(&file, path).map_err(|error| CacheError::write(path, error))?;
                Ok(seen.then_some(Self { _file: Some(file) }))
            }
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(CacheError::write(path, error.into())),
        }
    }

    /// Waits for the lock; calls `waiting` once when it is taken, gives up when `stop` says so.
    ///
    /// # Errors
    /// As [`Lock::try_take`].
    pub fn take(
        path: &Path,
        waiting: impl FnOnce(),
        stop: impl Fn() -> bool,
    ) -> Result<Option<Self>, CacheError> {
        if let Some(lock) = Self::try_take(path)? {
            return Ok(Some(lock));
        }
        waiting();
        while !stop() {
            std::thread::sleep(Duration::from_millis(50));
            if let Some(lock) = Self::try_take(path)? {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// Lets go of the lock and removes its file, which is at `path`.
    pub fn release(self, path: &Path) {
        // A file that stays is an open lock, which says the same.
        let _ = std::fs::remove_file(path);
    }
}
