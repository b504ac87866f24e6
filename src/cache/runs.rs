//! The memory of runs: which key each step had, so that the next run can say what changed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

use super::error::CacheError;

/// One run of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Seconds since 1970 at the start.
    pub started_s: u64,
    /// The manifest's path as it was given.
    pub manifest: String,
    /// Key of each step that was done.
    pub steps: BTreeMap<String, Digest>,
}

/// The runs of one cache.
#[derive(Debug)]
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// The runs remembered in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Remembers a run; one that repeats the last one of its manifest adds nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(
        &self,
        name: &str,
        manifest: &str,
        steps: BTreeMap<String, Digest>,
    ) -> Result<(), CacheError> {
        if self.latest(name).is_some_and(|last| last.steps == steps) {
            return Ok(());
        }
        let record = RunRecord {
            started_s: now_s(),
            manifest: manifest.into(),
            steps,
        };
        let runs = self.of(name);
        let number = runs.last().map_or(0, |(number, _)| number + 1);
        let path = self.folder.join(name).join(format!("{number:06}.json"));
        super::sealed::write(&path, &record)
    }

    /// The latest run of the manifest called `name`.
    pub fn latest(&self, name: &str) -> Option<RunRecord> {
        self.of(name)
            .into_iter()
            .rev()
            .find_map(|(_, path)| super::sealed::read(&path))
    }

    /// All runs of the manifest called `name`, oldest first.
    pub fn all(&self, name: &str) -> Vec<RunRecord> {
        let read = |(_, path): (u64, PathBuf)| super::sealed::read(&path);
        self.of(name).into_iter().filter_map(read).collect()
    }

    /// Records of any manifest that are not whole.
    pub fn damaged(&self) -> Vec<PathBuf> {
        let manifests = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten();
        manifests
            .filter_map(|entry| entry.file_name().into_string().ok())
            .flat_map(|name| self.of(&name))
            .map(|(_, path)| path)
            .filter(|path| super::sealed::read::<RunRecord>(path).is_none())
            .collect()
    }

    /// Numbers and files of the runs of the manifest called `name`, oldest first.
    fn of(&self, name: &str) -> Vec<(u64, PathBuf)> {
        let entries = std::fs::read_dir(self.folder.join(name))
            .into_iter()
            .flatten()
            .flatten();
        let mut runs: Vec<(u64, PathBuf)> = entries
            .filter_map(|entry| {
                Some((
                    entry.path().file_stem()?.to_str()?.parse().ok()?,
                    entry.path(),
                ))
            })
            .collect();
        runs.sort();
        runs
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tells people when a run was; no result depends on it"
)]
fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
