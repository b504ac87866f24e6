//! What became of a step in a run.

use std::sync::Arc;

use miette::Report;
use pipe_foundation::Digest;

use crate::artifact::BadItem;
use crate::cache::StepOutput;

use super::event::Status;
use super::failure::Failure;

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
    /// Whether it came from the remote cache in this run.
    pub fetched: bool,
    /// Ids of items that failed in a way that may pass, sorted.
    pub to_retry: Vec<String>,
    /// Seconds of work.
    pub seconds: f64,
    /// Why it failed.
    pub error: Option<Report>,
    /// Files that help after a failure: name and content.
    pub kept: Vec<(String, Vec<u8>)>,
    /// What a step that failed for its bad items knows of them.
    pub bad_items: Option<KnownBad>,
}

/// Bad items of a step that failed for them.
pub struct KnownBad {
    /// Those that it could not make.
    pub set_aside: Vec<BadItem>,
    /// True where its source lacks some, which are in the table of what was left out.
    pub missing: bool,
    /// True when it ended early, so that there may be more.
    pub ended_early: bool,
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
            fetched: false,
            to_retry: Vec::new(),
            seconds: 0.0,
            error: None,
            kept: Vec::new(),
            bad_items: None,
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

    /// Adds to its error which files say more.
    pub fn about(&mut self, files: String) {
        let with = |report| Report::new(Failure::new(report, files));
        self.error = self.error.take().map(with);
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
