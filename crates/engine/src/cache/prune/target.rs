//! Something that a pruning removes.

use std::path::PathBuf;
use std::time::SystemTime;

use pipe_foundation::system::System;

use crate::cache::usage::Usage;
use crate::cache::{CacheError, Lock, folder};

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
    /// Removes it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, system: &dyn System) -> Result<(), CacheError> {
        folder::remove(system, &self.path)
    }
}
