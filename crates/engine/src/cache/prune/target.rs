//! Something that a pruning removes.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::cache::usage::Usage;
use crate::cache::{CacheError, Lock};

/// Something to remove.
pub struct Target {
    pub path: PathBuf,
    pub used: Usage,
    /// When something in it was last written.
    pub written: SystemTime,
    /// Held until it is removed, where somebody could be working on it.
    #[expect(dead_code, reason = "it counts while it lives")]
    pub lock: Option<Lock>,
}

impl Target {
    pub fn remove(&self) -> Result<(), CacheError> {
        let removed = self
            .path
            .symlink_metadata()
            .and_then(|metadata| match metadata.is_dir() {
                true => std::fs::remove_dir_all(&self.path),
                false => std::fs::remove_file(&self.path),
            });
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(CacheError::write(&self.path, error))
            }
            _ => Ok(()),
        }
    }
}
