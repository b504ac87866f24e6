//! What a folder of the cache holds: a missing one holds nothing, an unreadable one is an error.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::error::CacheError;

/// Paths of everything directly in `folder`, sorted.
///
/// # Errors
/// When the folder exists but cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, CacheError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(CacheError::read(folder, error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths
        .collect::<Result<_, _>>()
        .map_err(|error| CacheError::read(folder, error))?;
    paths.sort();
    Ok(paths)
}

/// Everything below `path` and `path` itself, an error for each folder that cannot be read. What vanishes meanwhile
/// is passed over.
pub fn walk(path: &Path) -> impl Iterator<Item = Result<walkdir::DirEntry, CacheError>> {
    let root = path.to_path_buf();
    walkdir::WalkDir::new(path)
        .into_iter()
        .filter_map(move |entry| match entry {
            Ok(entry) => Some(Ok(entry)),
            Err(error) => {
                let place = error.path().unwrap_or(&root).to_path_buf();
                let error = std::io::Error::from(error);
                (error.kind() != ErrorKind::NotFound).then(|| Err(CacheError::read(&place, error)))
            }
        })
}

/// Removes the file or folder at `path`, if there is one.
///
/// # Errors
/// When it exists but cannot be removed.
pub fn remove(path: &Path) -> Result<(), CacheError> {
    let found = path.symlink_metadata();
    let removed = found.and_then(|found| match found.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    });
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(CacheError::write(path, error)),
        _ => Ok(()),
    }
}

/// How files of the cache are opened to be written where they are: a symbolic link in the place of one, as a cache from
/// somebody else may have, would lead to another file.
pub fn write_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(OFlags::NOFOLLOW.bits() as i32);
    options
}

/// Whether there is something at `path`, be it readable or not.
///
/// # Errors
/// When that cannot be determined.
pub fn is_there(path: &Path) -> Result<bool, CacheError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CacheError::read(path, error)),
    }
}
