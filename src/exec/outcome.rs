//! What became of a step in a run.

use std::sync::Arc;

use miette::Report;
use pipe_foundation::Digest;

use crate::cache::StepOutput;

use super::observer::Status;

/// The result of one step in one run.
pub struct StepResult {
    /// How it ended.
    pub status: Status,
    /// Its key, when its inputs were known.
    pub key: Option<Digest>,
    /// What it made.
    pub output: Option<Arc<StepOutput>>,
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
            key: None,
            output: None,
            computed: 0,
            reused: 0,
            bad: 0,
            seconds: 0.0,
            error: None,
            kept: Vec::new(),
        }
    }

    /// A step whose result is in the cache.
    pub fn hit(key: Digest, output: Arc<StepOutput>) -> Self {
        let (reused, bad) = match output.as_ref() {
            StepOutput::Items { count, bad, .. } => (*count, bad.len()),
            StepOutput::Files(_) => (0, 0),
        };
        Self {
            status: Status::Hit,
            key: Some(key),
            output: Some(output),
            reused,
            bad,
            ..Self::skipped()
        }
    }

    /// A step that failed.
    pub fn failed(error: Report, key: Option<Digest>) -> Self {
        Self {
            status: Status::Failed,
            error: Some(error),
            key,
            ..Self::skipped()
        }
    }
}
