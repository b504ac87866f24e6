//! How a cache is opened.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::durable;
use pipe_foundation::system::{
    Hold, Kind, Open, RealSystem, System, TemporaryFolder, is_without_locks,
};

use super::access::Access;
use super::error::CacheError;
use super::format::{FOLDERS, VERSION, Version};
use super::lease;
use super::lock_reach::LockReach;
use super::{Cache, folder};

impl Cache {
    /// Opens the cache at `root` for a run and creates it if needed. Where it exists but cannot be written, what is in it
    /// is used and nothing is stored: see [`Cache::why_not_stored`].
    ///
    /// # Errors
    /// When it cannot be created or read, has another format, or is a folder of something else.
    pub fn open(root: &Path, rehash: bool) -> Result<Self, CacheError> {
        Self::open_on(Arc::new(RealSystem), root, rehash)
    }

    /// As [`Cache::open`], on another system than the machine itself.
    ///
    /// # Errors
    /// As [`Cache::open`].
    pub fn open_on(system: Arc<dyn System>, root: &Path, rehash: bool) -> Result<Self, CacheError> {
        if let Some(reason) = why_not_writable(&*system, root)? {
            let folder = std::env::temp_dir();
            let made = TemporaryFolder::create_in(&system, &folder, "pipe-cache-");
            let made = made.map_err(|error| CacheError::write(&folder, error))?;
            refuse_links(&*system, root)?;
            Version::of(&system, root)?;
            create(&*system, made.path())?;
            return Self::at(system, root, Access::Overlay { made, reason }, rehash);
        }
        refuse_links(&*system, root)?;
        let version = Version::of(&system, root)?;
        if version != Version::Known {
            keep_name(&*system, root)?;
            let path = root.join("VERSION");
            let written = durable::write(&*system, &path, VERSION.as_bytes());
            written.map_err(|error| CacheError::write(&path, error))?;
        }
        create(&*system, root)?;
        // Earlier versions gave this folder another name. Where it cannot be moved, what would continue from it
        // starts over.
        let _ = system.rename(&root.join("trajectories"), &root.join("checkpoints"));
        let mut cache = Self::at(system, root, Access::Write, rehash)?;
        cache.version_was_damaged = version == Version::Damaged;
        cache.why_leases = use_leases(&*cache.system, root)?;
        Ok(cache)
    }

    /// Opens the cache at `root` to look at it: nothing is ever written, and one that does not exist is empty.
    ///
    /// # Errors
    /// When it cannot be read, has another format, or is a folder of something else.
    pub fn open_to_read(root: &Path, rehash: bool) -> Result<Self, CacheError> {
        let system: Arc<dyn System> = Arc::new(RealSystem);
        refuse_links(&*system, root)?;
        Version::of(&system, root)?;
        Self::at(system, root, Access::Read, rehash)
    }

    /// What whoever uses the cache should know of it.
    pub fn notices(&self) -> Vec<String> {
        let root = self.root.display();
        let read_only = self.why_not_stored().map(|reason| {
            format!(
                "the cache {root} cannot be written ({reason}): what is in it is used, and what is missing is computed but not stored"
            )
        });
        let repaired = self.version_was_damaged.then(|| {
            format!(
                "{root}/VERSION was damaged; it was rewritten, since the records are of this format"
            )
        });
        let leases = self.why_leases.as_ref().map(|reason| {
            format!(
                "locks of the file system of {root} do not reach other hosts ({reason}): from now on, all that use the cache keep leases instead, which take up to two minutes to notice that their holder is dead; docs/shared-cache.md"
            )
        });
        let all = read_only.into_iter().chain(repaired).chain(leases);
        all.chain(self.why_not_shared()).collect()
    }

    /// What keeps others of a group from using what this process makes in a cache that its group shares.
    fn why_not_shared(&self) -> Option<String> {
        const SHARED: u32 = 0o2020;
        const OF_GROUP: u32 = 0o020;
        if !matches!(self.access, Access::Write) {
            return None;
        }
        let mode = self.system.metadata(&self.root).ok()?.mode;
        let lacks = self.system.umask();
        (mode & SHARED == SHARED && lacks & OF_GROUP != 0).then(|| {
            let root = self.root.display();
            format!(
                "the cache {root} is shared by its group, but with umask {lacks:03o} nobody else of it can change what this run makes: run `umask 002` before"
            )
        })
    }

    /// Why results are not stored; none where they are.
    pub fn why_not_stored(&self) -> Option<&std::io::Error> {
        match &self.access {
            Access::Overlay { reason, .. } => Some(reason),
            Access::Write | Access::Read => None,
        }
    }

    /// The file or folder called `name` below the cache: what this process has made there, or else what was there.
    pub(super) fn below(&self, name: &str) -> PathBuf {
        let own = self.own().join(name);
        match self.access.base(&self.root) {
            Some(base) if !self.system.exists(&own) => base.join(name),
            _ => own,
        }
    }

    /// Where what is made goes.
    pub(super) fn own(&self) -> &Path {
        self.access.own(&self.root)
    }
}

/// Sees to it that locks are leases where those of the file system do not reach other hosts; gives the reason, where nobody
/// had found it out before.
fn use_leases(system: &dyn System, root: &Path) -> Result<Option<String>, CacheError> {
    let marker = root.join(lease::MARKER);
    if system.exists(&marker) {
        return Ok(None);
    }
    let path = root.join("locks/in-use");
    let file = system.open(&path, Open::WriteOrCreate);
    let tried = file.and_then(|file| file.lock(Hold::SharedIfFree));
    let reason = match (tried, LockReach::of(system, root)) {
        (Err(error), _) if is_without_locks(&error) => format!("flock fails there: {error}"),
        (
            _,
            LockReach::EachHostAlone {
                file_system,
                reason,
            },
        ) => format!("{file_system}: {reason}"),
        // Whatever else is wrong is reported by who meets it.
        _ => return Ok(None),
    };
    let written = durable::write(system, &marker, lease::marker_text(&reason).as_bytes());
    written.map_err(|error| CacheError::write(&marker, error))?;
    Ok(Some(reason))
}

/// Makes the folder of a new cache, and sees to it that its name stays.
fn keep_name(system: &dyn System, root: &Path) -> Result<(), CacheError> {
    let failed = |error| CacheError::write(root, error);
    durable::create_folders(system, root).map_err(|reason| CacheError::NoFolder {
        path: root.to_path_buf(),
        reason,
    })?;
    let above = match root.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    // A run that was killed may have made it just before.
    match durable::sync_folder(system, above) {
        // It may be written and not be read.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced.map_err(failed),
    }
}

/// Creates the folders that every cache has.
fn create(system: &dyn System, root: &Path) -> Result<(), CacheError> {
    for name in FOLDERS {
        let folder = root.join(name);
        let created = system.create_folders(&folder);
        created.map_err(|error| CacheError::write(&folder, error))?;
    }
    Ok(())
}

/// Makes sure that no folder of the cache at `root` leads out of it.
fn refuse_links(system: &dyn System, root: &Path) -> Result<(), CacheError> {
    const DEEP: [&str; 5] = ["objects", "remote", "runs", "unfinished", "checkpoints"];
    let deep = DEEP.map(|name| root.join(name));
    for folder in std::iter::once(root).chain(deep.iter().map(PathBuf::as_path)) {
        for path in folder::entries(system, folder)? {
            let is_link = system.link_metadata(&path);
            let is_link = is_link.is_ok_and(|found| found.kind == Kind::Link);
            let is_folder = || system.metadata(&path).map(|found| found.kind);
            if is_link && is_folder().is_ok_and(|kind| kind == Kind::Folder) {
                return Err(CacheError::Link { path });
            }
        }
    }
    Ok(())
}

/// Why an existing cache cannot be written: the file system is read-only, or a permission is missing on its folder or on
/// something directly in it. None where it can.
///
/// # Errors
/// When its folder cannot be read.
pub fn why_not_writable(
    system: &dyn System,
    root: &Path,
) -> Result<Option<std::io::Error>, CacheError> {
    if !folder::is_there(system, root)? {
        return Ok(None);
    }
    let direct = std::iter::once(root.to_path_buf()).chain(folder::entries(system, root)?);
    // Another user of the group may have made it for themselves alone.
    let in_use = Some(root.join("locks/in-use")).filter(|path| system.exists(path));
    for path in direct.chain(in_use) {
        // Whatever else is wrong is reported by who meets it.
        if let Err(error) = system.check_writable(&path)
            && let ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem = error.kind()
        {
            return Ok(Some(error));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_something_else_is_not_filled() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("cache");
        std::fs::create_dir(&root).unwrap();
        for name in [".gitignore", "README.md", "lost+found"] {
            std::fs::write(root.join(name), "").unwrap();
        }
        Cache::open(&root, false).unwrap();
        // A person may keep what they like in a cache that has lost its VERSION.
        std::fs::write(root.join("notes"), "").unwrap();
        std::fs::remove_file(root.join("VERSION")).unwrap();
        Cache::open(&root, false).unwrap();

        std::fs::remove_file(root.join("VERSION")).unwrap();
        std::fs::remove_dir(root.join("tmp")).unwrap();
        let refused = [
            Cache::open(&root, false).map(drop),
            Cache::open_to_read(&root, false).map(drop),
        ];
        for refused in refused {
            let is_refused =
                matches!(&refused, Err(CacheError::OtherFolder { found, .. }) if found == "notes");
            assert!(is_refused, "{refused:?}");
        }
        assert!(!root.join("VERSION").exists());
    }

    /// Found by seed 2196 of the simulation, where after a power cut the file lacked its line break and the cache was
    /// refused for having the format that this version reads, and by seed 2914, where nothing was left of it and of the
    /// records.
    #[test]
    fn a_version_that_has_lost_its_end_is_this_version() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Cache::open(folder.path(), false);
        open().unwrap();
        let file = folder.path().join("VERSION");
        std::fs::write(folder.path().join("steps/lost.json"), b"").unwrap();
        for length in 0..VERSION.len() {
            let zeros = "\0".repeat(length % 3);
            std::fs::write(&file, VERSION[..length].to_owned() + &zeros).unwrap();
            assert!(open().unwrap().version_was_damaged, "{length} bytes");
            assert_eq!(std::fs::read(&file).unwrap(), VERSION.as_bytes());
        }
        std::fs::write(&file, "pipe cache 2\n").unwrap();
        assert!(matches!(open(), Err(CacheError::Version { .. })));
    }
}
