//! What a run has published is on disk before anything vouches for it.

use std::path::Path;

use pipe_foundation::Digest;

use super::access::Access;
use super::{Cache, CacheError, StepOutput};

impl Cache {
    /// Sees to it that a result under `key` is on disk once [`Cache::wait_for_disk`] has waited.
    ///
    /// # Errors
    /// As [`Cache::sync_later`].
    pub fn sync_result(&self, key: &Digest, output: &StepOutput) -> Result<(), CacheError> {
        // What is made beside a cache that cannot be written goes with the process.
        if !matches!(self.access, Access::Write) {
            return Ok(());
        }
        match output {
            StepOutput::Files(files) => {
                for file in &files.files {
                    self.syncer.add(&self.objects.path(&file.digest))?;
                }
            }
            // Whoever appended the items that the result is made of may have been killed before they were on disk, or been
            // told by the disk that they are not.
            StepOutput::Items { .. } => self.syncer.add(&self.item_log_path())?,
        }
        self.syncer.add(&self.records.path(key))
    }

    /// Sees to it that a file which the stat cache is asked about is on disk before what the stat cache knows is.
    ///
    /// # Errors
    /// When it has to be done at once, and cannot be done.
    pub fn sync_later(&self, path: &Path) -> Result<(), CacheError> {
        self.syncer.add(path)
    }

    /// Waits until everything published is durable.
    ///
    /// # Errors
    /// When something could not be synced.
    pub fn wait_for_disk(&self) -> Result<(), CacheError> {
        self.syncer.wait()
    }

    /// Waits until everything published is durable, and writes down what is known of files.
    ///
    /// # Errors
    /// When something could not be synced or written.
    pub fn save_file_stats(&self) -> Result<(), CacheError> {
        self.wait_for_disk()?;
        self.objects.remember_stored(&self.files);
        self.files.save()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_a_run_has_stored_is_known_to_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), false).unwrap();
        let made = folder.path().join("made");
        std::fs::create_dir(&made).unwrap();
        std::fs::write(made.join("a.txt"), "content").unwrap();
        let set = cache.objects.take(&made).unwrap();
        // Its times vouch for it once the clock of the file system has gone on.
        std::thread::sleep(Duration::from_millis(40));
        cache.save_file_stats().unwrap();

        let next = Cache::open(folder.path(), false).unwrap();
        let mut met = false;
        assert!(next.objects.holds(&set, &next.files, &mut met).unwrap());
        assert!(!met, "it was read and synced again");
    }
}
