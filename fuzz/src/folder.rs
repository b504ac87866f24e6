//! A folder of this process, for what is read by its path.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The folder: below `TMPDIR`, which should be in memory. Whoever starts the fuzzer removes it, since the fuzzer ends
/// without cleaning up.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| tempfile::tempdir().expect("TMPDIR can be written"))
        .path()
}

/// Writes a file below the folder, with the folders above it.
pub fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).expect("TMPDIR can be written");
    }
    std::fs::write(&path, bytes).expect("TMPDIR can be written");
    path
}

/// The folder called `name` below the folder, without anything in it.
pub fn empty(name: &str) -> PathBuf {
    let path = folder().join(name);
    // It is not there the first time.
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("TMPDIR can be written");
    path
}
