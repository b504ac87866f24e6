//! Files of the cache appear whole or not at all.

use std::path::Path;

pub use crate::durable::sync_folder;

use super::error::CacheError;

/// Writes `bytes` to `path`, replacing what was there.
///
/// # Errors
/// When the folder cannot be created or the file not be written, synced or renamed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CacheError> {
    crate::durable::write(path, bytes).map_err(|error| CacheError::write(path, error))
}
