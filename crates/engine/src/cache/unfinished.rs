//! Work that can be gone on with: what steps keep while they run, and what finished ones leave for longer runs.

use std::path::PathBuf;

use pipe_foundation::Digest;
use serde_json::Value as Json;

use crate::artifact::FingerprintInputs;

use super::checkpoint_key::checkpoint_key;
use super::error::CacheError;
use super::items::StepTag;
use super::usage::usage_of;
use super::{Cache, Reservation, folder};

impl Reservation {
    /// Says on which device the result was computed, where that was not the processor.
    pub fn computed_on(&mut self, device: Option<&str>) {
        self.device = device.map(str::to_owned);
    }

    /// Says what the set of items is made of, for people.
    pub fn composed_of(&mut self, composition: Json) {
        self.composition = Some(composition);
    }

    /// Says which items of the index belong to the step.
    pub fn tagged(&mut self, tag: StepTag) {
        self.step_tag = Some(tag);
    }

    /// The folder in which the holder keeps what it needs to continue after a kill. Made by whoever writes there.
    ///
    /// It belongs to [`checkpoint_key`], outlives the process, and goes when the step is published. Only the holder of
    /// the step's lock may use it.
    pub fn unfinished(&self, cache: &Cache) -> PathBuf {
        let key = checkpoint_key(&self.fingerprint);
        cache.own().join("unfinished").join(key.hex())
    }
}

impl Cache {
    /// The folder with what the last finished run left that had the fingerprint of `checkpoint`.
    ///
    /// Another run may replace it at any time, so its files must be checked when read.
    pub fn checkpoint(&self, checkpoint: &Digest) -> PathBuf {
        self.below(&format!("checkpoints/{checkpoint}"))
    }

    /// True where a step with this fingerprint has kept something to continue from.
    pub fn is_unfinished(&self, fingerprint: &FingerprintInputs) -> bool {
        let key = checkpoint_key(fingerprint);
        let folder = self.own().join("unfinished").join(key.hex());
        let entries = self.system.entries(&folder);
        entries.is_ok_and(|entries| !entries.is_empty())
    }

    /// Moves what a finished step kept to where longer runs of it find it.
    ///
    /// # Errors
    /// When it cannot be moved; nothing depends on it.
    pub fn leave(
        &self,
        reservation: &mut Reservation,
        checkpoint: &Digest,
    ) -> Result<(), CacheError> {
        let folder = self.own().join("checkpoints");
        let (from, to) = (reservation.unfinished(self), folder.join(checkpoint.hex()));
        // Whoever has taken the step over is at work there.
        let is_own = reservation.lock.is_held().unwrap_or(false);
        if !is_own || !folder::is_there(&*self.system, &from)? {
            return Ok(());
        }
        let attempt = || -> std::io::Result<()> {
            self.system.create_folders(&folder)?;
            self.system.rename(&from, &to)
        };
        folder::remove(&*self.system, &to)?;
        attempt().map_err(|error| CacheError::write(&to, error))?;
        reservation.checkpoint = Some(*checkpoint);
        Ok(())
    }

    /// Removes the oldest checkpoints of finished steps until the rest takes at most `most` bytes.
    ///
    /// # Errors
    /// When they cannot be read or removed.
    pub fn limit_checkpoints(&self, most: u64) -> Result<(), CacheError> {
        let mut checkpoints = Vec::new();
        for path in folder::entries(&*self.system, &self.own().join("checkpoints"))? {
            let written = self.system.metadata(&path);
            // Another run may have removed it.
            if let Ok(written) = written {
                let bytes = usage_of(&*self.system, "checkpoints", &path)?.bytes;
                checkpoints.push((written.modified_ns, bytes, path));
            }
        }
        checkpoints.sort();
        let mut total: u64 = checkpoints.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in checkpoints {
            if total <= most {
                break;
            }
            folder::remove(&*self.system, &path)?;
            total -= bytes;
        }
        Ok(())
    }

    /// Removes what a finished step left for longer runs.
    ///
    /// # Errors
    /// When it exists but cannot be removed.
    pub(super) fn remove_checkpoint(&self, checkpoint: &Digest) -> Result<(), CacheError> {
        folder::remove(
            &*self.system,
            &self.own().join("checkpoints").join(checkpoint.hex()),
        )
    }

    /// Removes what a step kept that is now published.
    pub(super) fn remove_unfinished(&self, reservation: &Reservation) {
        // What cannot be removed is never used again, since the step counts as done.
        let _ = self.system.remove_folders(&reservation.unfinished(self));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_oldest_checkpoints_go_until_the_rest_fits() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), false).unwrap();
        let checkpoints: Vec<PathBuf> = (0..4_u64)
            .map(|age| {
                let path = cache.checkpoint(&Digest::of(&age.to_le_bytes()));
                std::fs::create_dir_all(&path).unwrap();
                std::fs::write(path.join("state"), vec![0; 100]).unwrap();
                let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - 100 * age);
                let opened = std::fs::File::open(&path).unwrap();
                opened.set_modified(written).unwrap();
                path
            })
            .collect();
        let there = || -> Vec<bool> { checkpoints.iter().map(|path| path.exists()).collect() };
        cache.limit_checkpoints(400).unwrap();
        assert_eq!(there(), [true; 4]);
        cache.limit_checkpoints(399).unwrap();
        assert_eq!(there(), [true, true, true, false]);
        cache.limit_checkpoints(100).unwrap();
        assert_eq!(there(), [true, false, false, false]);
        cache.limit_checkpoints(99).unwrap();
        assert_eq!(there(), [false; 4]);
    }
}
