//! Folders for work in progress; those of runs that died are removed by the next run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::system::{System, TemporaryFolder};

use super::error::CacheError;
use super::folder;
use super::lock::Lock;

/// One run's folder under `cache/tmp`, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    system: Arc<dyn System>,
    folder: PathBuf,
    lock_path: PathBuf,
    _lock: Lock,
}

impl Scratch {
    /// Creates this run's folder and removes those whose runs are dead; true when there were any.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn create(system: &Arc<dyn System>, tmp: &Path) -> Result<(Self, bool), CacheError> {
        let created = system.create_folders(tmp);
        created.map_err(|error| CacheError::write(tmp, error))?;
        let found_dead = remove_dead(&**system, tmp);
        loop {
            let name = format!("{:016x}", system.unique());
            let lock_path = tmp.join(format!("{name}.lock"));
            if let Some(lock) = Lock::try_take(&**system, &lock_path)? {
                let folder = tmp.join(name);
                let created = system.create_folders(&folder);
                created.map_err(|error| CacheError::write(&folder, error))?;
                let scratch = Self {
                    system: system.clone(),
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
    pub fn dead(system: &dyn System, tmp: &Path) -> Result<usize, CacheError> {
        let mut count = 0;
        for path in folder::entries(system, tmp)? {
            if is_lock(&path) && Lock::try_take_existing(system, &path)?.is_some() {
                count += 1;
            }
        }
        Ok(count)
    }

    /// A new empty folder inside, removed when dropped.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn folder(&self) -> Result<TemporaryFolder, CacheError> {
        let made = TemporaryFolder::create_in(&self.system, &self.folder, "");
        made.map_err(|error| CacheError::write(&self.folder, error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now, the next run removes.
        let _ = self.system.remove_folders(&self.folder);
        let _ = self.system.remove_file(&self.lock_path);
    }
}

/// Whether it is the lock of a folder.
fn is_lock(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "lock")
}

fn remove_dead(system: &dyn System, tmp: &Path) -> bool {
    let mut found = false;
    let Ok(entries) = system.entries(tmp) else {
        return false;
    };
    for path in entries.into_iter().map(|entry| entry.path) {
        if is_lock(&path)
            && let Ok(Some(_free)) = Lock::try_take(system, &path)
        {
            found = true;
            // A program that outlived its run may still write into the folder; then the next run tries again.
            let folder = path.with_extension("");
            let _ = system.remove_folders(&folder);
            if matches!(folder::is_there(system, &folder), Ok(false)) {
                let _ = system.remove_file(&path);
            }
        }
    }
    found
}
