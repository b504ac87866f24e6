//! A folder that goes when it is no longer needed.

use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::System;

/// A folder that is removed, with everything in it, when this is dropped.
#[derive(Debug)]
pub struct TemporaryFolder {
    system: Arc<dyn System>,
    path: PathBuf,
}

impl TemporaryFolder {
    /// A new empty folder in `folder`, whose name begins with `prefix`, for the owner of this process alone.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create_in(system: &Arc<dyn System>, folder: &Path, prefix: &str) -> Result<Self> {
        loop {
            let path = folder.join(format!("{prefix}{:016x}", system.unique()));
            match system.create_private_folder(&path) {
                Ok(()) => {
                    return Ok(Self {
                        system: system.clone(),
                        path,
                    });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// As [`TemporaryFolder::create_in`], for all who may write in `folder`, as far as the umask of this process says.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create_shared_in(system: &Arc<dyn System>, folder: &Path) -> Result<Self> {
        loop {
            let path = folder.join(format!("{:016x}", system.unique()));
            if !system.exists(&path) {
                system.create_folders(&path)?;
                return Ok(Self {
                    system: system.clone(),
                    path,
                });
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed harms nothing.
        let _ = self.system.remove_folders(&self.path);
    }
}
