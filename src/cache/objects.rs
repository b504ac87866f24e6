//! Files of whole results, stored once under the digest of their content.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pipe_foundation::Digest;

use crate::artifact::{FileEntry, FileSet};

use super::error::CacheError;
use super::files::FileMemory;

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

    /// Moves every file below `made` into the store.
    ///
    /// # Errors
    /// When a file cannot be read, synced or moved.
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
            File::open(from)?.sync_all()?;
            std::fs::set_permissions(from, Permissions::from_mode(0o444))?;
            std::fs::rename(from, &target)?;
            pipe_foundation::durable::sync_folder(folder)
        };
        attempt().map_err(|error| CacheError::write(&target, error))
    }

    /// True when every file of `set` is there with its content; what is damaged is removed.
    pub fn holds(&self, set: &FileSet, memory: &FileMemory) -> bool {
        set.files.iter().all(|file| {
            let path = self.path(&file.digest);
            match memory.facts(&path, || 0.0) {
                Ok(facts) if facts.digest == file.digest => true,
                Ok(_) => {
                    let _ = std::fs::remove_file(&path);
                    false
                }
                Err(_) => false,
            }
        })
    }

    /// All objects with their digest, in no order.
    pub fn all(&self) -> impl Iterator<Item = (Digest, PathBuf)> {
        walkdir::WalkDir::new(&self.folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let digest = Digest::parse(&entry.file_name().to_string_lossy())?;
                Some((digest, entry.into_path()))
            })
    }
}
