//! Files of whole results, stored once under the digest of their content.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pipe_foundation::Digest;

use crate::artifact::{FileEntry, FileSet};

use super::error::CacheError;
use super::folder;
use super::stat_cache::StatCache;

/// The store of files.
#[derive(Debug)]
pub struct Objects {
    folder: PathBuf,
}

impl Objects {
    /// The store below `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where the object with `digest` is, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.join(&hex[..2]).join(hex)
    }

    /// Moves every file below `made` into the store; whoever publishes them has them synced.
    ///
    /// # Errors
    /// When a file cannot be read or moved.
    pub fn take(&self, made: &Path) -> Result<FileSet, CacheError> {
        let mut set = FileSet::default();
        for entry in walkdir::WalkDir::new(made).sort_by_file_name() {
            let entry = entry.map_err(|error| CacheError::read(made, error.into()))?;
            if !entry.file_type().is_file() {
                continue;
            }
            let path = entry.path();
            let name = path
                .strip_prefix(made)
                .unwrap_or(path)
                .to_string_lossy()
                .replace('\\', "/");
            let digest = Digest::of_file(path).map_err(|error| CacheError::read(path, error))?;
            let bytes = entry
                .metadata()
                .map_err(|error| CacheError::read(path, error.into()))?
                .len();
            self.store(path, &digest)?;
            set.files.push(FileEntry {
                name,
                digest,
                bytes,
            });
        }
        set.files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(set)
    }

    fn store(&self, from: &Path, digest: &Digest) -> Result<(), CacheError> {
        let target = self.path(digest);
        let folder = target.parent().unwrap_or(&self.folder);
        let attempt = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            std::fs::set_permissions(from, Permissions::from_mode(0o444))?;
            std::fs::rename(from, &target)
        };
        attempt().map_err(|error| CacheError::write(&target, error))
    }

    /// True when every file of `set` exists with its content.
    ///
    /// # Errors
    /// When one exists but cannot be read.
    pub fn holds(&self, set: &FileSet, stat_cache: &StatCache) -> Result<bool, CacheError> {
        for file in &set.files {
            let path = self.path(&file.digest);
            match stat_cache.digest(&path) {
                Ok(digest) if digest == file.digest => {}
                // A damaged one is replaced when the result is made again.
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(CacheError::read(&path, error)),
            }
        }
        Ok(true)
    }

    /// All objects with their digest, in no order, and an error for each folder of them that cannot be read.
    pub fn all(&self) -> impl Iterator<Item = Result<(Digest, PathBuf), CacheError>> {
        folder::walk(&self.folder).filter_map(|entry| {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            };
            let digest = Digest::parse(&entry.file_name().to_string_lossy())?;
            Some(Ok((digest, entry.into_path())))
        })
    }
}
