//! Files appear whole or not at all: written aside, synced, renamed, and the folder synced.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::error::CacheError;

/// Writes `bytes` to `path`, replacing what was there.
///
/// # Errors
/// When the folder cannot be created or the file not be written, synced or renamed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CacheError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let attempt = || -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        file.persist(path).map_err(|error| error.error)?;
        sync_folder(folder)
    };
    attempt().map_err(|error| CacheError::write(path, error))
}

/// Makes renames in `folder` durable.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}
