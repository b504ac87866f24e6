//! Which manifest has which name: two with one name would write over each other's results.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::manifest::location;

use super::error::CacheError;
use super::file_name::encode;
use super::lock::Lock;
use super::{Cache, sealed};

/// The manifest that has a name.
#[derive(Debug, Serialize, Deserialize)]
struct Owner {
    /// Its file: from the folder that holds the cache where it lies in there, so that both can be moved or copied
    /// together; absolute otherwise.
    manifest: String,
}

impl Cache {
    /// The file of the manifest that last ran under `name`, whether it is still there or not.
    pub fn owner(&self, name: &str) -> Option<PathBuf> {
        let known = sealed::read::<Owner>(&self.owner_path(name));
        let known = known.map(|owner| self.home().join(owner.manifest));
        // Caches of earlier versions have only what runs were given on the command line.
        let from_runs = || {
            let run = self.runs.latest(name)?;
            Some(location(Path::new(&run.record.manifest)))
        };
        known.or_else(from_runs)
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
        let _lock = Lock::take(&self.lock_path("manifests"), || {}, || false)?;
        let manifest = location(manifest);
        let owner = self.owner(name);
        if let Some(other) = owner.filter(|other| *other != manifest && has_name(other)) {
            return Ok(Some(other));
        }
        let written = manifest.strip_prefix(self.home()).unwrap_or(&manifest);
        let owner = Owner {
            manifest: written.to_string_lossy().into_owned(),
        };
        let path = self.owner_path(name);
        let known = sealed::read::<Owner>(&path);
        if known.is_none_or(|known| known.manifest != owner.manifest) {
            sealed::write(&path, &owner)?;
        }
        Ok(None)
    }

    /// Files that name the owner of a name and are not whole.
    pub(super) fn damaged_owners(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.root.join("manifests"));
        let paths = entries.into_iter().flatten().flatten().map(|e| e.path());
        paths
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .filter(|path| sealed::read::<Owner>(path).is_none())
            .collect()
    }

    /// The folder that holds the cache.
    fn home(&self) -> PathBuf {
        let root = location(&self.root);
        root.parent().unwrap_or(&root).to_path_buf()
    }

    fn owner_path(&self, name: &str) -> PathBuf {
        let folder = self.root.join("manifests");
        folder.join(format!("{}.json", encode(name)))
    }
}
