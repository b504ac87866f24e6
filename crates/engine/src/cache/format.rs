//! What a cache says of its format, and what tells a cache from a folder of something else.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use pipe_foundation::system::System;

use super::checksummed::Stored;
use super::error::CacheError;
use super::records::Records;
use super::{folder, lease};

/// What its file `VERSION` has in it.
pub const VERSION: &str = "pipe cache 1\n";

/// Folders that every cache has.
pub const FOLDERS: [&str; 3] = ["steps", "locks", "tmp"];

/// What may be in a cache, of this version or an earlier one; another process may have made it just now.
const PARTS: [&str; 22] = [
    "VERSION",
    "steps",
    "locks",
    lease::MARKER,
    lease::FOLDER,
    "tmp",
    "objects",
    "packs",
    "listings",
    "runs",
    "manifests",
    "pins",
    "lock-files",
    "published",
    "remote",
    "unfinished",
    "checkpoints",
    "trajectories",
    "jobs",
    "items.log",
    "files.log",
    "findings.log",
];

/// What a folder may have in it that somebody has made for a cache, besides hidden files.
const IN_NEW_FOLDER: [&str; 3] = ["lost+found", "README", "README.md"];

/// What a cache says of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// It is that of this version.
    Known,
    /// It says nothing: it is new, or lost its VERSION file.
    Absent,
    /// Its VERSION file says nothing that any version writes, and its records are of this format.
    Damaged,
}

impl Version {
    /// That of the cache at `root`.
    ///
    /// # Errors
    /// When the cache has another format, or cannot be read.
    pub fn of(system: &Arc<dyn System>, root: &Path) -> Result<Self, CacheError> {
        let path = root.join("VERSION");
        let found = match system.read(&path) {
            Ok(found) if found == VERSION.as_bytes() => return Ok(Self::Known),
            Ok(found) => String::from_utf8_lossy(&found).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                refuse_other_folders(&**system, root)?;
                return Ok(Self::Absent);
            }
            Err(error) => return Err(CacheError::read(&path, error)),
        };
        // What a power cut leaves: no more than its beginning, and zeros.
        if VERSION.starts_with(found.trim_end_matches('\0')) {
            return Ok(Self::Damaged);
        }
        let is_number = |number: &str| number.trim_end().parse::<u32>().is_ok();
        let is_other = found.strip_prefix("pipe cache ").is_some_and(is_number);
        if !is_other && has_records_of_this_format(system, root)? {
            return Ok(Self::Damaged);
        }
        Err(CacheError::Version {
            path: root.to_path_buf(),
            found: found.trim().chars().take(40).collect(),
            expected: VERSION.trim().into(),
        })
    }
}

/// Makes sure that the folder at `root`, which says nothing of its format, is new or was a cache: one with other things in
/// it is somebody's, and given by mistake.
fn refuse_other_folders(system: &dyn System, root: &Path) -> Result<(), CacheError> {
    if FOLDERS.iter().all(|name| system.exists(&root.join(name))) {
        return Ok(());
    }
    let names = folder::entries(system, root)?.into_iter();
    let mut names: Vec<String> = names
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .filter(|name| {
            let known = PARTS.iter().chain(&IN_NEW_FOLDER);
            !name.starts_with('.') && !known.into_iter().any(|known| known == name)
        })
        .collect();
    names.sort();
    match names.into_iter().next() {
        None => Ok(()),
        Some(found) => Err(CacheError::OtherFolder {
            path: root.to_path_buf(),
            found,
        }),
    }
}

/// True where a record can be read, or there are none in a folder that looks like a cache.
fn has_records_of_this_format(system: &Arc<dyn System>, root: &Path) -> Result<bool, CacheError> {
    let records = Records::new(system.clone(), root.join("steps"), None);
    let paths = records.paths()?;
    for path in &paths {
        if let Stored::Whole(_) = records.read(path)? {
            return Ok(true);
        }
    }
    // Without any, it is a cache by its folders; a file called VERSION alone may be anything.
    let has_folders = FOLDERS.iter().all(|name| system.exists(&root.join(name)));
    Ok(paths.is_empty() && has_folders)
}
