//! Runs that stay, with all their results, until they are let go: whatever else is removed from the cache.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::file_name::file_name_with_ending;

use super::checksummed::{self, Record, Stored};
use super::error::CacheError;
use super::{Cache, Run};

/// A run that is to stay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pin {
    /// The name of its manifest.
    pub manifest: String,
    /// Its number.
    pub number: u64,
}

impl Pin {
    /// The pin of a run.
    pub fn of(run: &Run) -> Self {
        Self {
            manifest: run.manifest.clone(),
            number: run.number,
        }
    }
}

impl Cache {
    /// Keeps a run until it is unpinned.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn pin(&self, pin: &Pin) -> Result<(), CacheError> {
        checksummed::write(&*self.system, &self.pin_path(pin), pin)
    }

    /// Lets a run go; false where it was not pinned.
    ///
    /// # Errors
    /// When the pin cannot be removed.
    pub fn unpin(&self, pin: &Pin) -> Result<bool, CacheError> {
        let path = self.pin_path(pin);
        match self.system.remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(CacheError::write(&path, error)),
        }
    }

    /// All pins, in order.
    ///
    /// # Errors
    /// When one cannot be read, or is damaged: nobody knows then what is to stay.
    pub fn pins(&self) -> Result<BTreeSet<Pin>, CacheError> {
        let mut pins = BTreeSet::new();
        for (path, pin) in self.pin_records()? {
            match pin? {
                Stored::Whole(pin) => {
                    pins.insert(pin);
                }
                Stored::Absent => {}
                Stored::Damaged => {
                    let reason = "it is damaged; `pipe cache verify --repair` removes it: then pin the run again";
                    return Err(CacheError::read(&path, std::io::Error::other(reason)));
                }
            }
        }
        Ok(pins)
    }

    /// The files of all pins, and what is in them.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub(super) fn pin_records(&self) -> Result<Vec<Record<Pin>>, CacheError> {
        checksummed::read_all(&*self.system, &self.root.join("pins"))
    }

    fn pin_path(&self, pin: &Pin) -> PathBuf {
        let name = format!("{}:{}", pin.manifest, pin.number);
        self.root
            .join("pins")
            .join(file_name_with_ending(&name, ".json"))
    }
}
