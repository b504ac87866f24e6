//! Folders for work in progress; those of runs that died are removed by the next run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::system::{Entry, Kind, System, TemporaryFolder};

use super::error::CacheError;
use super::folder;
use super::lock::Lock;
use super::lock_holder::Holder;

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

    /// Who is at work in `tmp`.
    ///
    /// # Errors
    /// When `tmp` cannot be read.
    pub fn at_work(system: &dyn System, tmp: &Path) -> Result<Vec<Holder>, CacheError> {
        let mut holders = Vec::new();
        for path in folder::entries(system, tmp)? {
            if is_lock(&path) && Lock::try_take_existing(system, &path)?.is_none() {
                holders.push(Holder::of(system, &path));
            }
        }
        Ok(holders)
    }

    /// A new empty folder inside, removed when dropped.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn folder(&self) -> Result<TemporaryFolder, CacheError> {
        // Whoever prunes a cache that several users share can remove what a dead run of another one has left.
        let made = TemporaryFolder::create_shared_in(&self.system, &self.folder);
        made.map_err(|error| CacheError::write(&self.folder, error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&*self.system, &self.folder, &self.lock_path);
    }
}

/// Whether it is the lock of a folder.
fn is_lock(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "lock")
}

/// Removes a run's folder, and its lock once nothing is left of it: what cannot be removed now, as where a program that
/// outlived its run still writes there, the next run removes.
fn remove(system: &dyn System, folder: &Path, lock_path: &Path) {
    let _ = system.remove_folders(folder);
    if matches!(folder::is_there(system, folder), Ok(false)) {
        let _ = system.remove_file(lock_path);
    }
}

fn remove_dead(system: &dyn System, tmp: &Path) -> bool {
    let mut found = false;
    let Ok(entries) = system.entries(tmp) else {
        return false;
    };
    // A power cut may have taken the lock and left the folder: whoever makes a folder has its lock before.
    let lock_of = |entry: Entry| match entry.kind {
        Kind::Folder => Some(entry.path.with_extension("lock")),
        _ => Some(entry.path).filter(|path| is_lock(path)),
    };
    let locks: BTreeSet<PathBuf> = entries.into_iter().filter_map(lock_of).collect();
    for path in locks {
        if let Ok(Some(_free)) = Lock::try_take(system, &path) {
            found = true;
            remove(system, &path.with_extension(""), &path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use pipe_foundation::system::RealSystem;

    use super::*;

    /// Found by seeds 236 and 1141 of the simulation: where files could not be opened any more, or the power was cut, a
    /// folder stayed without its lock, and no run removed it.
    #[test]
    fn a_folder_that_was_left_without_its_lock_is_removed_too() {
        let folder = tempfile::tempdir().unwrap();
        let system: Arc<dyn System> = Arc::new(RealSystem);
        let left = folder.path().join("0123456789abcdef");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("file"), b"left").unwrap();
        let (scratch, found_dead) = Scratch::create(&system, folder.path()).unwrap();
        assert!(found_dead && !left.exists());
        let (beside, found_dead) = Scratch::create(&system, folder.path()).unwrap();
        assert!(!found_dead && scratch.folder.exists());
        drop((scratch, beside));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
