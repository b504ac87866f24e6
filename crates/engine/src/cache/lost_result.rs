//! What became of a result that is looked for and not found.

use pipe_foundation::Digest;

use super::{Cache, CacheError, folder};

/// What became of a result that is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// There is a record, and it is damaged or one of its files is.
    Damaged,
    /// There is none: it was never made, or has been removed.
    Absent,
}

impl Cache {
    /// What became of the result under `key`, which [`Cache::finished`] does not find.
    ///
    /// # Errors
    /// When the folder of records cannot be searched.
    pub fn lost(&self, key: &Digest) -> Result<Lost, CacheError> {
        let record = self.below("steps").join(format!("{key}.json"));
        Ok(match folder::is_there(&*self.system, &record)? {
            true => Lost::Damaged,
            false => Lost::Absent,
        })
    }
}
