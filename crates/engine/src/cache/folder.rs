//! What a folder of the cache holds: a missing one holds nothing, an unreadable one is an error.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pipe_foundation::system::{Entry, Kind, System, Walk};

use super::error::CacheError;

/// Paths of everything directly in `folder`, sorted.
///
/// # Errors
/// When the folder exists but cannot be read.
pub fn entries(system: &dyn System, folder: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let entries = match system.entries(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(CacheError::read(folder, error)),
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path).collect();
    paths.sort();
    Ok(paths)
}

/// Everything below `path` and `path` itself, an error for each folder that cannot be read. What vanishes meanwhile
/// is passed over.
pub fn walk<'s>(
    system: &'s dyn System,
    path: &Path,
) -> impl Iterator<Item = Result<Entry, CacheError>> + use<'s> {
    Walk::new(system, path).filter_map(|walked| match walked {
        Ok(entry) => Some(Ok(entry)),
        Err((place, error)) => {
            (error.kind() != ErrorKind::NotFound).then(|| Err(CacheError::read(&place, error)))
        }
    })
}

/// Removes the file or folder at `path`, if there is one.
///
/// # Errors
/// When it exists but cannot be removed.
pub fn remove(system: &dyn System, path: &Path) -> Result<(), CacheError> {
    let found = system.link_metadata(path);
    let removed = found.and_then(|found| match found.kind {
        Kind::Folder => system.remove_folders(path),
        _ => system.remove_file(path),
    });
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(CacheError::write(path, error)),
        _ => Ok(()),
    }
}

/// Whether there is something at `path`, be it readable or not.
///
/// # Errors
/// When that cannot be determined.
pub fn is_there(system: &dyn System, path: &Path) -> Result<bool, CacheError> {
    match system.link_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CacheError::read(path, error)),
    }
}
