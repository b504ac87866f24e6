//! What became of a result that is looked for and not found.

use std::io::ErrorKind;

use pipe_foundation::Digest;

use super::checksummed::Stored;
use super::{Cache, CacheError, StepOutput};

/// What became of a result that is not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// There is a record, and it or one of its files is not what was written.
    Damaged(LostFile),
    /// There is no record: the result was never made, or has been removed.
    Absent,
}

/// A file without which a result does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostFile {
    /// Its name in the result; that of the record in the cache where this is damaged.
    pub name: String,
    /// True where it is not there any more.
    pub is_gone: bool,
}

impl Cache {
    /// What became of the result under `key`, which [`Cache::finished`] does not find.
    ///
    /// # Errors
    /// When the record or one of its files cannot be read.
    pub fn lost(&self, key: &Digest) -> Result<Lost, CacheError> {
        let name = format!("steps/{key}.json");
        let damaged = |name, is_gone| Ok(Lost::Damaged(LostFile { name, is_gone }));
        let files = match self.records.read(&self.below(&name))? {
            Stored::Absent => return Ok(Lost::Absent),
            Stored::Damaged => return damaged(name, false),
            Stored::Whole(record) => match record.output {
                StepOutput::Files(set) => set.files,
                StepOutput::Items { .. } => Vec::new(),
            },
        };
        for file in files {
            let path = self.objects.path(&file.digest);
            let is_gone = match self.files.digest(&path) {
                Ok(found) if found == file.digest => continue,
                Ok(_) => false,
                Err(error) if error.kind() == ErrorKind::NotFound => true,
                Err(error) => return Err(CacheError::read(&path, error)),
            };
            return damaged(file.name, is_gone);
        }
        // Another run has made it meanwhile.
        Ok(Lost::Absent)
    }
}
