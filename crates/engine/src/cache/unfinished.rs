//! Work that can be gone on with: what steps keep while they run, and what finished ones leave for longer runs.

use std::io::ErrorKind;
use std::path::PathBuf;

use pipe_foundation::Digest;
use serde_json::Value as Json;

use crate::artifact::FingerprintInputs;

use super::error::CacheError;
use super::items::StepTag;
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
        cache.root.join("unfinished").join(key.hex())
    }
}

impl Cache {
    /// The folder with what the last finished run left that had the fingerprint of `checkpoint`.
    ///
    /// Another run may replace it at any time, so its files must be checked when read.
    pub fn checkpoint(&self, checkpoint: &Digest) -> PathBuf {
        self.root.join("checkpoints").join(checkpoint.hex())
    }

    /// Moves what a finished step kept to where longer runs of it find it.
    ///
    /// # Errors
    /// When it cannot be moved; nothing depends on it.
    pub fn leave(&self, reservation: &Reservation, checkpoint: &Digest) -> Result<(), CacheError> {
        let (from, to) = (reservation.unfinished(self), self.checkpoint(checkpoint));
        if !folder::is_there(&from)? {
            return Ok(());
        }
        let attempt = || -> std::io::Result<()> {
            std::fs::create_dir_all(self.root.join("checkpoints"))?;
            match std::fs::remove_dir_all(&to) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            std::fs::rename(&from, &to)
        };
        attempt().map_err(|error| CacheError::write(&to, error))
    }

    /// Removes what a step kept that is now published.
    pub(super) fn remove_unfinished(&self, reservation: &Reservation) {
        // What cannot be removed is never used again, since the step counts as done.
        let _ = std::fs::remove_dir_all(reservation.unfinished(self));
    }
}

/// The key under which a step keeps its work while it runs: the device does not count, so that another one can continue
/// with it.
pub fn checkpoint_key(fingerprint: &FingerprintInputs) -> Digest {
    fingerprint.on_device(None).key()
}

/// The key of all that decides how the work continues, apart from the device and the `parameters` that decide when it
/// ends.
pub fn final_checkpoint_key(fingerprint: &FingerprintInputs, parameters: &[&str]) -> Digest {
    let mut rest = fingerprint.on_device(None);
    for parameter in parameters {
        rest.0.remove(&format!("parameters.{parameter}"));
    }
    rest.key()
}
