//! What became of a step in a run.

use miette::Report;

use crate::artifact::KeyMaterial;
use crate::cache::StepOutput;

use super::observer::Status;

/// The result of one step in one run.
pub struct StepResult {
    /// How it ended.
    pub status: Status,
    /// What it depended on, when its inputs were known.
    pub material: Option<KeyMaterial>,
    /// What it made.
    pub output: Option<StepOutput>,
    /// Items computed.
    pub computed: usize,
    /// Items taken from the cache.
    pub reused: usize,
    /// Items set aside.
    pub bad: usize,
    /// Seconds of work.
    pub seconds: f64,
    /// Why it failed.
    pub error: Option<Report>,
    /// Files that help after a failure: name and content.
    pub kept: Vec<(String, Vec<u8>)>,
}

impl StepResult {
    /// A step that could not run.
    pub fn skipped() -> Self {
        Self {
            status: Status::Skipped,
            material: None,
            output: None,
            computed: 0,
            reused: 0,
            bad: 0,
            seconds: 0.0,
            error: None,
            kept: Vec::new(),
        }
    }

    /// A step that failed.
    pub fn failed(error: Report, material: Option<KeyMaterial>) -> Self {
        Self {
            status: Status::Failed,
            error: Some(error),
            material,
            ..Self::skipped()
        }
    }
}
