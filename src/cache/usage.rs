//! How much disk the cache uses, by what is stored.

use std::path::Path;

use serde::Serialize;

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
pub fn usage(root: &Path) -> Vec<Usage> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut parts: Vec<Usage> = entries
        .map(|entry| usage_of(&entry.file_name().to_string_lossy(), &entry.path()))
        .collect();
    parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    parts
}

/// What the file or folder `path` uses, under the name `name`.
pub(super) fn usage_of(name: &str, path: &Path) -> Usage {
    let mut part = Usage {
        name: name.into(),
        files: 0,
        bytes: 0,
    };
    for file in walkdir::WalkDir::new(path).into_iter().flatten() {
        if let (true, Ok(metadata)) = (file.file_type().is_file(), file.metadata()) {
            part.files += 1;
            part.bytes += metadata.len();
        }
    }
    part
}
