//! What the sources of a plan list and what its steps made, as a run or a look into the cache found it.

use std::sync::Arc;

use pipe_foundation::Digest;

use crate::cache::{Cache, CacheError, StepOutput, StepRecord};
use crate::stage::SourceListing;

/// The listings and results of a plan.
#[derive(Debug)]
pub struct PlanResults {
    /// What each source lists, in the order of the plan.
    pub listings: Vec<(usize, SourceListing)>,
    /// Every step, in the order of the plan.
    pub steps: Vec<KnownStep>,
}

/// What is known of one step.
#[derive(Clone, Debug)]
pub struct KnownStep {
    /// Its key, where its inputs are known.
    pub key: Option<Digest>,
    /// Its result, where there is one.
    pub output: Option<Arc<StepOutput>>,
}

impl KnownStep {
    /// The record of a step that is done.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn record(&self, cache: &Cache) -> Result<Option<StepRecord>, CacheError> {
        match (&self.output, &self.key) {
            (Some(_), Some(key)) => cache.records.get(key),
            _ => Ok(None),
        }
    }
}
