//! Pipes, sockets and devices in a cache: nothing makes them there, and nothing is in them.

use pipe_foundation::system::{Kind, Open};

use crate::cache::{CacheError, folder};

use super::Work;

/// What programs at work keep is theirs, and goes with it.
const OF_PROGRAMS: [&str; 2] = ["tmp", "unfinished"];

impl Work<'_> {
    /// Tells of everything that is neither a file nor a folder, nor leads to one, and takes it out if that is wanted.
    pub(super) fn special_files(&mut self) -> Result<(), CacheError> {
        let cache = self.cache;
        let system = &*cache.system;
        for path in folder::entries(system, &cache.root)? {
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| OF_PROGRAMS.contains(&name)) {
                continue;
            }
            // What cannot be read is reported by whoever looks for something there.
            for entry in folder::walk(system, &path).flatten() {
                let is_special = match entry.kind {
                    Kind::File | Kind::Folder => false,
                    Kind::Link => {
                        let found = system.metadata(&entry.path);
                        found.is_ok_and(|found| found.kind == Kind::Other)
                    }
                    Kind::Other => true,
                };
                // It is never opened, and the error says what it is.
                if let (true, Err(error)) = (is_special, system.open(&entry.path, Open::Read)) {
                    let error = CacheError::read(&entry.path, error);
                    self.damaged(error.place_and_reason(), &entry.path)?;
                }
            }
        }
        Ok(())
    }
}
