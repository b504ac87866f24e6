//! Folders for work in progress; those of runs that died are removed by the next run.

use std::path::{Path, PathBuf};

use super::error::CacheError;
use super::folder;
use super::lock::Lock;

/// One run's folder under `cache/tmp`, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    lock_path: PathBuf,
    _lock: Lock,
}

impl Scratch {
    /// Creates this run's folder and removes those whose runs are dead; true when there were any.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn create(tmp: &Path) -> Result<(Self, bool), CacheError> {
        std::fs::create_dir_all(tmp).map_err(|error| CacheError::write(tmp, error))?;
        let found_dead = remove_dead(tmp);
        loop {
            let name = format!("{:016x}", rand::random::<u64>());
            let lock_path = tmp.join(format!("{name}.lock"));
            if let Some(lock) = Lock::try_take(&lock_path)? {
                let folder = tmp.join(name);
                std::fs::create_dir_all(&folder)
                    .map_err(|error| CacheError::write(&folder, error))?;
                let scratch = Self {
                    folder,
                    lock_path,
                    _lock: lock,
                };
                return Ok((scratch, found_dead));
            }
        }
    }

    /// How many folders in `tmp` are of runs that died.
    ///
    /// # Errors
    /// When `tmp` cannot be read.
    pub fn dead(tmp: &Path) -> Result<usize, CacheError> {
        let mut count = 0;
        for path in folder::entries(tmp)? {
            if is_lock(&path) && Lock::try_take_existing(&path)?.is_some() {
                count += 1;
            }
        }
        Ok(count)
    }

    /// A new empty folder inside, removed when dropped.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn folder(&self) -> Result<tempfile::TempDir, CacheError> {
        tempfile::tempdir_in(&self.folder).map_err(|error| CacheError::write(&self.folder, error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now, the next run removes.
        let _ = std::fs::remove_dir_all(&self.folder);
        let _ = std::fs::remove_file(&self.lock_path);
    }
}

/// Whether it is the lock of a folder.
fn is_lock(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "lock")
}

fn remove_dead(tmp: &Path) -> bool {
    let mut found = false;
    let Ok(entries) = std::fs::read_dir(tmp) else {
        return false;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if is_lock(&path)
            && let Ok(Some(_free)) = Lock::try_take(&path)
        {
            found = true;
            // A program that outlived its run may still write into the folder; then the next run tries again.
            let folder = path.with_extension("");
            let _ = std::fs::remove_dir_all(&folder);
            if matches!(folder.try_exists(), Ok(false)) {
                let _ = std::fs::remove_file(&path);
            }
        }
    }
    found
}
