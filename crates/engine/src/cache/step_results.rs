//! Results of steps: looked up, and recorded.

use std::path::PathBuf;

use pipe_foundation::Digest;

use crate::artifact::FingerprintInputs;
use crate::program;

use super::Cache;
use super::checkpoint_key::checkpoint_key;
use super::error::CacheError;
use super::lock::Lock;
use super::lookup::{Lookup, Reservation};
use super::records::{StepOutput, StepRecord};

impl Cache {
    /// The record of a step if it exists and its files are whole; also one that only the remote cache has, where that needs
    /// no files.
    ///
    /// # Errors
    /// When the record or one of the files exists but cannot be read.
    pub fn finished(&self, key: &Digest) -> Result<Option<StepRecord>, CacheError> {
        match self.finished_here(key)? {
            Some(record) => Ok(Some(record)),
            None => self.finished_elsewhere(key),
        }
    }

    fn finished_here(&self, key: &Digest) -> Result<Option<StepRecord>, CacheError> {
        let Some(record) = self.records.get(key)? else {
            return Ok(None);
        };
        let mut met = false;
        let whole = match &record.output {
            StepOutput::Files(files) => self.objects.holds(files, &self.files, &mut met)?,
            StepOutput::Items { .. } => true,
        };
        if whole && met {
            // Whoever made them may have been killed before they were on disk, where they must be before the stat cache
            // vouches for them.
            self.sync_result(key, &record.output)?;
        }
        Ok(whole.then_some(record))
    }

    /// As [`Cache::finished`], for a step that was to be made: whoever has made it may have been killed before it was on
    /// disk.
    fn found(&self, key: &Digest) -> Result<Option<StepRecord>, CacheError> {
        let found = self.finished(key)?;
        if let Some(record) = &found {
            self.sync_result(key, &record.output)?;
        }
        Ok(found)
    }

    /// Checks a step; on a miss, waits until no other run is working on it.
    ///
    /// `None` when `stop` said so while waiting.
    ///
    /// # Errors
    /// When the lock cannot be taken, or an existing file cannot be read.
    pub fn lookup(
        &self,
        fingerprint: &FingerprintInputs,
        waiting: impl FnOnce(),
        stop: impl Fn() -> bool,
    ) -> Result<Option<Lookup>, CacheError> {
        let key = fingerprint.key();
        if let Some(record) = self.found(&key)? {
            return Ok(Some(Lookup::Hit(Box::new(record))));
        }
        // Runs on different devices keep their work in the same folder, so they wait for each other too.
        let lock_path = self.step_lock_path(fingerprint);
        let Some(lock) = Lock::take(&*self.system, &lock_path, waiting, stop)? else {
            return Ok(None);
        };
        // The run we waited for may have made it.
        Ok(Some(match self.found(&key)? {
            Some(record) => Lookup::Hit(Box::new(record)),
            None => Lookup::Miss(Reservation {
                fingerprint: fingerprint.clone(),
                composition: None,
                step_tag: None,
                device: None,
                checkpoint: None,
                lock,
            }),
        }))
    }

    /// Records a result: the one way to make a step count as done.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn publish(
        &self,
        mut reservation: Reservation,
        step: &str,
        output: StepOutput,
        seconds: f64,
    ) -> Result<StepRecord, CacheError> {
        if let Some(record) = self.taken_over(&mut reservation)? {
            self.sync_result(&record.fingerprint.key(), &record.output)?;
            return Ok(record);
        }
        let record = StepRecord {
            step: step.into(),
            fingerprint: reservation.fingerprint.clone(),
            output,
            seconds,
            pipe_version: program::version().into(),
            cpu: pipe_foundation::arithmetic::description(),
            device: reservation.device.clone(),
            composition: reservation.composition.clone(),
            step_tag: reservation.step_tag,
            checkpoint: reservation.checkpoint,
        };
        self.records.put(&record)?;
        self.sync_result(&record.fingerprint.key(), &record.output)?;
        self.remove_unfinished(&reservation);
        let lock_path = self.step_lock_path(&reservation.fingerprint);
        reservation.lock.release(&*self.system, &lock_path);
        Ok(record)
    }

    pub(super) fn step_lock_path(&self, fingerprint: &FingerprintInputs) -> PathBuf {
        self.lock_path(&checkpoint_key(fingerprint).hex())
    }
}
