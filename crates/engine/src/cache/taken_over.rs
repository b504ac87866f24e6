//! Others at work on the same: who they are, and what becomes of a result when one of them has taken its step over.

use crate::artifact::FingerprintInputs;

use super::Cache;
use super::error::CacheError;
use super::lock::Lock;
use super::lock_holder::Holder;
use super::lookup::Reservation;
use super::records::StepRecord;
use super::scratch::Scratch;

impl Cache {
    /// Sees to it that the right to record a result still holds. Who was stopped for so long that somebody else took the
    /// step over waits for them; gives their result, if they have one.
    ///
    /// # Errors
    /// When the lock cannot be taken again, or the record not be read.
    pub fn taken_over(
        &self,
        reservation: &mut Reservation,
    ) -> Result<Option<StepRecord>, CacheError> {
        let path = self.step_lock_path(&reservation.fingerprint);
        let is_held = reservation.lock.is_held();
        if is_held.map_err(|error| CacheError::read(&path, error))? {
            return Ok(None);
        }
        let stop = || self.interruption.asked();
        let taken = Lock::take(&*self.system, &path, || {}, stop)?;
        let Some(taken) = taken else {
            let reason = "another process took the step over while this one was stopped";
            return Err(CacheError::write(&path, std::io::Error::other(reason)));
        };
        reservation.lock = taken;
        self.finished(&reservation.fingerprint.key())
    }

    /// Who works on the step with this fingerprint, as far as it is known.
    pub fn working_on(&self, fingerprint: &FingerprintInputs) -> Holder {
        Holder::of(&*self.system, &self.step_lock_path(fingerprint))
    }

    /// Who is at work on the cache, as far as they have work in progress: one for each run.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub fn at_work(&self) -> Result<Vec<Holder>, CacheError> {
        Scratch::at_work(&*self.system, &self.root.join("tmp"))
    }
}
