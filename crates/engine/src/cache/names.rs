//! Which manifest has which name: two with the same name would overwrite each other's results.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::file_name::file_name_with_ending;
use crate::manifest::location;

use super::Cache;
use super::checksummed::{self, Record, Stored};
use super::error::CacheError;
use super::lock::Lock;

/// The manifest that has a name.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Owner {
    /// Its file: relative to the folder that holds the cache where it is inside that, so that both can be moved or
    /// copied together; absolute otherwise.
    manifest: String,
}

impl Cache {
    /// The file of the manifest that last ran under `name`, whether it still exists or not.
    ///
    /// # Errors
    /// When what the cache knows of it cannot be read.
    pub fn owner(&self, name: &str) -> Result<Option<PathBuf>, CacheError> {
        if let Stored::Whole(owner) =
            checksummed::read::<Owner>(&*self.system, &self.owner_path(name))?
        {
            return Ok(Some(self.home().join(owner.manifest)));
        }
        // Caches of earlier versions have only what runs were given on the command line.
        let run = self.runs.latest(name)?;
        Ok(run.map(|run| location(Path::new(&run.record.manifest))))
    }

    /// Gives `name` to the manifest at `manifest`, unless another has it, which is returned. `has_name` says whether
    /// the manifest at a path still has the name.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn claim(
        &self,
        name: &str,
        manifest: &Path,
        has_name: impl Fn(&Path) -> bool,
    ) -> Result<Option<PathBuf>, CacheError> {
        // Two that start at the same time must not both find the name free.
        let _lock = Lock::take(&*self.system, &self.lock_path("manifests"), || {}, || false)?;
        let manifest = location(manifest);
        let owner = self.owner(name)?;
        if let Some(other) = owner.filter(|other| *other != manifest && has_name(other)) {
            return Ok(Some(other));
        }
        let written = manifest.strip_prefix(self.home()).unwrap_or(&manifest);
        let owner = Owner {
            manifest: written.to_string_lossy().into_owned(),
        };
        let path = self.owner_path(name);
        let known = checksummed::read::<Owner>(&*self.system, &path)?.whole();
        if known.is_none_or(|known| known.manifest != owner.manifest) {
            checksummed::write(&*self.system, &path, &owner)?;
        }
        Ok(None)
    }

    /// The files that name the manifests of names, and what is in them.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub(super) fn owner_records(&self) -> Result<Vec<Record<Owner>>, CacheError> {
        checksummed::read_all(&*self.system, &self.root.join("manifests"))
    }

    /// The folder that holds the cache.
    pub(super) fn home(&self) -> PathBuf {
        let root = location(&self.root);
        root.parent().unwrap_or(&root).to_path_buf()
    }

    fn owner_path(&self, name: &str) -> PathBuf {
        let folder = self.root.join("manifests");
        folder.join(file_name_with_ending(name, ".json"))
    }
}
