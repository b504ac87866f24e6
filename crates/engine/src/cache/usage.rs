//! How much disk the cache uses, by what is stored.

use std::io::ErrorKind;
use std::path::Path;

use pipe_foundation::system::{Kind, System};
use serde::Serialize;

use super::error::CacheError;
use super::folder;

/// Files and bytes of one folder or file of the cache.
#[derive(Clone, Debug, Serialize)]
pub struct Usage {
    /// Name below the cache.
    pub name: String,
    /// Number of files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What each entry of the cache folder uses, largest first.
///
/// # Errors
/// When a folder cannot be read.
pub fn usage(system: &dyn System, root: &Path) -> Result<Vec<Usage>, CacheError> {
    let mut parts = Vec::new();
    for path in folder::entries(system, root)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        parts.push(usage_of(system, &name, &path)?);
    }
    parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    Ok(parts)
}

/// What the file or folder `path` uses, under the name `name`.
pub(super) fn usage_of(system: &dyn System, name: &str, path: &Path) -> Result<Usage, CacheError> {
    let mut part = Usage {
        name: name.into(),
        files: 0,
        bytes: 0,
    };
    for entry in folder::walk(system, path) {
        let entry = entry?;
        if entry.kind != Kind::File {
            continue;
        }
        match system.link_metadata(&entry.path) {
            Ok(metadata) => {
                part.files += 1;
                part.bytes += metadata.bytes;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(CacheError::read(&entry.path, error)),
        }
    }
    Ok(part)
}
