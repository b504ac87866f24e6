//! Lock files that are not beside their manifests: what they name stays as long as they are there.

use std::path::{Path, PathBuf};

use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};

use crate::manifest::location;

use super::Cache;
use super::checksummed::{self, Record, Stored};
use super::error::CacheError;

/// A lock file somewhere.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LockFileAt {
    /// Its path from the folder that holds the cache, with which it may be moved; absolute where it is elsewhere.
    path: PathBuf,
}

impl Cache {
    /// Remembers that there is a lock file at `path`. A path that is not Unicode cannot be remembered.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn remember_lock_file(&self, path: &Path) -> Result<(), CacheError> {
        let path = location(path);
        let home = self.home();
        let path = path.strip_prefix(&home).unwrap_or(&path);
        let Some(text) = path.to_str() else {
            return Ok(());
        };
        let name = format!("{}.json", Digest::of(text.as_bytes()));
        let record = self.root.join("lock-files").join(name);
        let path = path.to_path_buf();
        checksummed::write(&*self.system, &record, &LockFileAt { path })
    }

    /// The lock files that are remembered, whether or not they are still there.
    ///
    /// # Errors
    /// When a record cannot be read, or is damaged: nobody knows then what is to stay.
    pub fn lock_files(&self) -> Result<Vec<PathBuf>, CacheError> {
        let mut files = Vec::new();
        for (path, record) in self.lock_file_records()? {
            match record? {
                Stored::Whole(file) => files.push(self.home().join(file.path)),
                Stored::Absent => {}
                Stored::Damaged => {
                    let reason = "it is damaged; `pipe cache verify --repair` removes it: then write the lock file again";
                    return Err(CacheError::read(&path, std::io::Error::other(reason)));
                }
            }
        }
        Ok(files)
    }

    /// The records of lock files, and what is in them.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub(super) fn lock_file_records(&self) -> Result<Vec<Record<LockFileAt>>, CacheError> {
        checksummed::read_all(&*self.system, &self.root.join("lock-files"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_files_move_with_the_project_that_holds_them_and_the_cache() {
        let space = tempfile::tempdir().unwrap();
        let space = space.path().canonicalize().unwrap();
        let open = |project: &str| Cache::open(&space.join(project).join("cache"), false).unwrap();
        for folder in ["old/papers", "elsewhere"] {
            std::fs::create_dir_all(space.join(folder)).unwrap();
        }
        let cache = open("old");
        let elsewhere = space.join("elsewhere/x.lock.toml");
        for path in [&space.join("old/papers/x.lock.toml"), &elsewhere] {
            cache.remember_lock_file(path).unwrap();
        }
        drop(cache);
        std::fs::rename(space.join("old"), space.join("new")).unwrap();
        let mut known = open("new").lock_files().unwrap();
        known.sort();
        assert_eq!(known, [elsewhere, space.join("new/papers/x.lock.toml")]);
    }
}
