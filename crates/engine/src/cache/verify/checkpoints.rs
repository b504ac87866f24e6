//! Whether what finished steps left for longer runs is as it was written.

use std::io::ErrorKind;
use std::path::Path;

use pipe_foundation::system::Kind;

use crate::cache::{CacheError, folder};

use super::{Work, stem};

impl Work<'_> {
    /// Checkpoints of finished steps.
    pub(super) fn checkpoints(
        &mut self,
        is_whole: &dyn Fn(&Path, &[u8]) -> bool,
    ) -> Result<(), CacheError> {
        let system = &*self.cache.system;
        let folders = folder::entries(system, &self.cache.below("checkpoints"));
        for checkpoint in self.found.readable(folders).unwrap_or_default() {
            self.found.checkpoints += 1;
            let mut is_damaged = false;
            for entry in folder::walk(system, &checkpoint) {
                let Some(entry) = self.found.readable(entry) else {
                    continue;
                };
                let name = entry.path.strip_prefix(&checkpoint).unwrap_or(&entry.path);
                if entry.kind == Kind::Folder {
                    // One in the place of a file holds nothing of what belongs there.
                    is_damaged |= !is_whole(name, &[]);
                    continue;
                }
                let read = match system.read(&entry.path) {
                    // A run may have removed it meanwhile.
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    read => read.map_err(|error| CacheError::read(&entry.path, error)),
                };
                let Some(bytes) = self.found.readable(read) else {
                    continue;
                };
                self.found.bytes += bytes.len() as u64;
                is_damaged |= !is_whole(name, &bytes);
            }
            if is_damaged {
                self.damaged(format!("checkpoint {}", stem(&checkpoint)), &checkpoint)?;
            }
        }
        Ok(())
    }
}
