//! Records of finished steps: what they depended on and what they made.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use pipe_foundation::system::System;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::artifact::{BadItem, FileSet, FingerprintInputs};

use super::checksummed::{self, Stored};
use super::error::CacheError;
use super::folder;
use super::items::StepTag;

/// What is stored of a finished step. A step without a record has not run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step's name when it ran, for people.
    pub step: String,
    /// What it depended on; the record's key is the key of this.
    #[serde(rename = "material")]
    pub fingerprint: FingerprintInputs,
    /// What it made.
    pub output: StepOutput,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Version of `pipe` that ran it.
    pub pipe_version: String,
    /// CPU features that the machine had, since rounding may differ between them.
    pub cpu: String,
    /// The device that finished it; none where that was the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What a set of items is made of; none for files, and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composition: Option<Json>,
    /// The tag of its items in the index; none for files, and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_tag: Option<StepTag>,
    /// The key of the checkpoint that it left for longer runs; none where it left none, and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Digest>,
}

/// What a step made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepOutput {
    /// Items; where each is, the item index knows.
    Items {
        /// Digest of the set.
        digest: Digest,
        /// How many.
        count: usize,
        /// Items set aside.
        bad: Vec<BadItem>,
    },
    /// Files in the object store.
    Files(FileSet),
}

impl StepOutput {
    /// The digest that enters the keys of what follows.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Items { digest, .. } => *digest,
            Self::Files(files) => files.digest(),
        }
    }
}

/// The folder of step records.
#[derive(Debug)]
pub struct Records {
    system: Arc<dyn System>,
    folder: PathBuf,
    /// Where records are that are not in `folder`.
    base: Option<PathBuf>,
    /// Those in `base` that no longer count.
    forgotten: Mutex<HashSet<Digest>>,
}

impl Records {
    /// The records in `folder`; `base` is one that is only read.
    pub fn new(system: Arc<dyn System>, folder: PathBuf, base: Option<PathBuf>) -> Self {
        Self {
            system,
            folder,
            base,
            forgotten: Mutex::default(),
        }
    }

    /// The record under `key`, if there is a whole one.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn get(&self, key: &Digest) -> Result<Option<StepRecord>, CacheError> {
        let own = self.read(&self.path(key))?.whole();
        match &self.base {
            Some(base) if own.is_none() && !lock(&self.forgotten).contains(key) => {
                Ok(self.read(&path_in(base, key))?.whole())
            }
            _ => Ok(own),
        }
    }

    /// Writes a record under the key of its fingerprint; it is to be synced.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn put(&self, record: &StepRecord) -> Result<(), CacheError> {
        let path = self.path(&record.fingerprint.key());
        checksummed::place(&*self.system, &path, record)
    }

    /// Forgets the result under `key`, so that it is made again.
    ///
    /// # Errors
    /// When the record exists but cannot be removed.
    pub fn remove(&self, key: &Digest) -> Result<(), CacheError> {
        let path = self.path(key);
        lock(&self.forgotten).insert(*key);
        folder::remove(&*self.system, &path)
    }

    /// Paths of all records, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn paths(&self) -> Result<Vec<PathBuf>, CacheError> {
        let mut paths = folder::entries(&*self.system, &self.folder)?;
        if let Some(base) = &self.base {
            paths.extend(folder::entries(&*self.system, base)?);
        }
        paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
        Ok(paths)
    }

    /// The keys of all records, by their names alone.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn keys(&self) -> Result<HashSet<Digest>, CacheError> {
        let paths = self.paths()?;
        let stems = paths.iter().filter_map(|path| path.file_stem()?.to_str());
        Ok(stems.filter_map(Digest::parse).collect())
    }

    /// Reads one record file; one under another name than its own is damaged.
    ///
    /// # Errors
    /// When it exists but cannot be read.
    pub fn read(&self, path: &Path) -> Result<Stored<StepRecord>, CacheError> {
        let stored: Stored<StepRecord> = checksummed::read(&*self.system, path)?;
        Ok(match stored {
            Stored::Whole(record)
                if self.path(&record.fingerprint.key()).file_name() != path.file_name() =>
            {
                Stored::Damaged
            }
            stored => stored,
        })
    }

    /// Where the record under `key` is, or would be.
    pub(super) fn path(&self, key: &Digest) -> PathBuf {
        path_in(&self.folder, key)
    }
}

fn path_in(folder: &Path, key: &Digest) -> PathBuf {
    folder.join(format!("{key}.json"))
}
