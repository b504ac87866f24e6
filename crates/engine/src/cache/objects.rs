//! Files of whole results, stored once under the digest of their content.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_foundation::system::{Kind, System, Walk};

use crate::artifact::{FileEntry, FileSet};

use super::error::CacheError;
use super::folder;
use super::interruption::Interruption;
use super::stat_cache::StatCache;

/// What this process stores and is larger is read by the next run that asks for it, instead of twice by this one.
const READ_BACK_BYTES: u64 = 16 << 20;

/// The store of files.
#[derive(Debug)]
pub struct Objects {
    system: Arc<dyn System>,
    folder: PathBuf,
    /// Where objects are that are not in `folder`.
    base: Option<PathBuf>,
    interruption: Interruption,
    /// Those whose content this process has hashed, and found to be right.
    verified: Mutex<HashSet<Digest>>,
    /// Those that this process has stored, which the stat cache does not know yet.
    stored: Mutex<Vec<Digest>>,
}

impl Objects {
    /// The store below `folder`; `base` is one that is only read.
    pub fn new(
        system: Arc<dyn System>,
        folder: PathBuf,
        base: Option<PathBuf>,
        interruption: Interruption,
    ) -> Self {
        Self {
            system,
            folder,
            base,
            interruption,
            verified: Mutex::default(),
            stored: Mutex::default(),
        }
    }

    /// Where the object with `digest` is, or would be.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let own = self.own_path(digest);
        match &self.base {
            Some(base) if !self.system.exists(&own) => path_in(base, digest),
            _ => own,
        }
    }

    fn own_path(&self, digest: &Digest) -> PathBuf {
        path_in(&self.folder, digest)
    }

    /// Moves every file below `made` into the store; whoever publishes them has them synced.
    ///
    /// # Errors
    /// When a file cannot be read or moved; also once interrupted.
    pub fn take(&self, made: &Path) -> Result<FileSet, CacheError> {
        let mut set = FileSet::default();
        for entry in Walk::new(&*self.system, made) {
            let entry = entry.map_err(|(path, error)| CacheError::read(&path, error))?;
            if entry.kind != Kind::File {
                continue;
            }
            let path = entry.path.as_path();
            let name = path
                .strip_prefix(made)
                .unwrap_or(path)
                .to_string_lossy()
                .replace('\\', "/");
            let failed = |error| CacheError::read(path, error);
            let digest = self.digest(path).map_err(failed)?;
            let bytes = self.system.metadata(path).map_err(failed)?.bytes;
            self.store(path, &digest)?;
            lock(&self.verified).insert(digest);
            if bytes <= READ_BACK_BYTES {
                lock(&self.stored).push(digest);
            }
            set.files.push(FileEntry {
                name,
                digest,
                bytes,
            });
        }
        set.files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(set)
    }

    /// The digest of a file, which may be long.
    fn digest(&self, path: &Path) -> std::io::Result<Digest> {
        let interrupted = || self.interruption.asked();
        self.system.digest_unless(path, &interrupted)
    }

    fn store(&self, from: &Path, digest: &Digest) -> Result<(), CacheError> {
        let target = self.own_path(digest);
        let folder = target.parent().unwrap_or(&self.folder);
        let attempt = || -> std::io::Result<()> {
            self.system.create_folders(folder)?;
            self.system.make_read_only(from)?;
            self.system.rename(from, &target)
        };
        attempt().map_err(|error| CacheError::write(&target, error))
    }

    /// Where the object with `digest` is, for reading; none where it is absent or damaged.
    ///
    /// Its content is hashed, once per process: a flipped bit leaves the times of a file as they were, so that the stat
    /// cache, which is enough to see what a program has changed, cannot vouch for what a disk has.
    ///
    /// # Errors
    /// When it exists but cannot be read; also once interrupted.
    pub fn open(&self, digest: &Digest) -> Result<Option<PathBuf>, CacheError> {
        let path = self.path(digest);
        if lock(&self.verified).contains(digest) {
            return Ok(Some(path));
        }
        match self.digest(&path) {
            Ok(found) if found == *digest => {
                lock(&self.verified).insert(*digest);
                Ok(Some(path))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CacheError::read(&path, error)),
        }
    }

    /// Shows the stat cache what this process has stored, now that the times of it are old enough to vouch for it: the
    /// next run neither reads nor syncs it again. Only what is durable may be shown.
    pub(super) fn remember_stored(&self, stat_cache: &StatCache) {
        for digest in std::mem::take(&mut *lock(&self.stored)) {
            // What cannot be read is left to the run that needs it, and so is what has changed.
            let _ = stat_cache.digest(&self.own_path(&digest));
        }
    }

    /// Removes a damaged object, so that no result that names it counts as done.
    ///
    /// # Errors
    /// When it exists but cannot be removed.
    pub(super) fn remove(&self, digest: &Digest) -> Result<(), CacheError> {
        let path = self.own_path(digest);
        lock(&self.verified).remove(digest);
        folder::remove(&*self.system, &path)
    }

    /// True when every file of `set` exists with its content, as far as the stat cache can tell; `met` says
    /// whether it did not know one yet.
    ///
    /// # Errors
    /// When one exists but cannot be read.
    pub fn holds(
        &self,
        set: &FileSet,
        stat_cache: &StatCache,
        met: &mut bool,
    ) -> Result<bool, CacheError> {
        for file in &set.files {
            let path = self.path(&file.digest);
            let known = stat_cache.remembered(&path).map(|info| info.digest);
            let found = known.map_or_else(|| stat_cache.digest(&path), Ok);
            *met |= known.is_none();
            match found {
                Ok(digest) if digest == file.digest => {}
                // A damaged one is replaced when the result is made again.
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(CacheError::read(&path, error)),
            }
        }
        Ok(true)
    }

    /// Whether the object with `digest` exists with its content, as far as the stat cache can tell.
    ///
    /// # Errors
    /// As [`Objects::holds`].
    pub fn has(&self, digest: &Digest, stat_cache: &StatCache) -> Result<bool, CacheError> {
        let file = FileEntry {
            name: String::new(),
            digest: *digest,
            bytes: 0,
        };
        let set = FileSet { files: vec![file] };
        self.holds(&set, stat_cache, &mut false)
    }

    /// All objects with their digest, in no order, and an error for each folder of them that cannot be read.
    pub fn all(&self) -> impl Iterator<Item = Result<(Digest, PathBuf), CacheError>> {
        folder::walk(&*self.system, &self.folder).filter_map(|entry| {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            };
            let digest = Digest::parse(entry.path.file_name()?.to_str()?)?;
            Some(Ok((digest, entry.path)))
        })
    }
}

fn path_in(folder: &Path, digest: &Digest) -> PathBuf {
    let hex = digest.hex();
    folder.join(&hex[..2]).join(hex)
}

#[cfg(test)]
mod tests {
    use crate::cache::Cache;

    use super::*;

    #[test]
    fn an_object_that_cannot_be_read_is_neither_there_nor_gone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), false).unwrap();
        let digest = Digest::of(b"content");
        let set = FileSet {
            files: vec![FileEntry {
                name: "name".into(),
                digest,
                bytes: 7,
            }],
        };
        let holds = || cache.objects.holds(&set, &cache.files, &mut false);
        assert!(!holds().unwrap());
        assert_eq!(cache.objects.open(&digest).unwrap(), None);
        let path = cache.objects.path(&digest);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();
        assert!(holds().is_err());
        assert!(cache.objects.open(&digest).is_err());
    }
}
