//! What is remembered of one run: the key that each step had, and how it ended.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use pipe_foundation::Digest;
use pipe_foundation::system::System;
use serde::{Deserialize, Serialize};

/// The name of the processor as a device.
const PROCESSOR: &str = "cpu";

/// One run of a manifest. Fields with a default are missing in records of earlier versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Seconds since 1970 at the start.
    pub started_s: u64,
    /// The manifest's path as it was given.
    pub manifest: String,
    /// Key of each step that was done.
    pub steps: BTreeMap<String, Digest>,
    /// The axes of the matrix whose values are the folds of a stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fold_axes: Vec<String>,
    /// What went wrong in each step that failed.
    #[serde(default)]
    pub failed: BTreeMap<String, String>,
    /// Steps that did not run, in the order of the plan.
    #[serde(default)]
    pub not_run: Vec<String>,
    /// Keys of steps that keep their work while they run, and were started but not finished.
    #[serde(default)]
    pub unfinished: BTreeMap<String, Digest>,
    /// Keys under which those steps keep their work, where these are not their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, Digest>,
    /// Items of each step that failed in a way that may pass, so that the next run tries them again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub to_retry: BTreeMap<String, Vec<String>>,
    /// Wall time in seconds; none while the run is in progress and after a kill.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// Version of `pipe` that ran it.
    #[serde(default)]
    pub pipe_version: Option<String>,
    /// The device that steps were to compute on.
    #[serde(default)]
    pub device: Option<String>,
    /// How it ended.
    #[serde(default)]
    pub ending: Ending,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// It came to its end.
    #[default]
    Ended,
    /// The user stopped it.
    Stopped,
    /// It is in progress, or was killed.
    Open,
}

impl RunRecord {
    /// The device in words that follow others, where it was not the processor: `, on cuda:0`.
    pub fn on_device(&self) -> String {
        let device = self.device.iter();
        let mut device = device.filter(|device| **device != PROCESSOR);
        device
            .next()
            .map_or_else(String::new, |device| format!(", on {device}"))
    }

    /// Every key that the run had or was about to make.
    pub fn keys(&self) -> impl Iterator<Item = &Digest> {
        let started = self.unfinished.values().chain(self.kept.values());
        self.steps.values().chain(started)
    }

    /// Whether it came to its end and every step did.
    pub fn is_whole(&self) -> bool {
        self.ending == Ending::Ended && self.failed.is_empty() && self.not_run.is_empty()
    }

    /// True when a run records nothing that `earlier` does not.
    pub(super) fn repeats(&self, earlier: &Self) -> bool {
        self.steps == earlier.steps
            && self.failed == earlier.failed
            && self.not_run == earlier.not_run
            && self.to_retry == earlier.to_retry
            && self.ending == earlier.ending
    }
}

/// A remembered run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Name of the manifest.
    pub manifest: String,
    /// Its number among the runs of the manifest.
    pub number: u64,
    /// What is remembered.
    pub record: RunRecord,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.manifest, self.number)
    }
}

/// Seconds since 1970.
pub(super) fn now_s(system: &dyn System) -> u64 {
    let elapsed = system.now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| elapsed.as_secs())
}
