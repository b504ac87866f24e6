//! What the steps of a run have made so far: written once per step, read by every step after it.

use std::sync::{Arc, OnceLock};

use pipe_foundation::Digest;

use crate::cache::StepOutput;

/// The outputs of a plan's steps. Threads read it while the run adds to it; nothing in it ever changes.
#[derive(Debug)]
pub struct Outputs(Vec<OnceLock<Arc<StepOutput>>>);

impl Outputs {
    /// Room for the outputs of `steps` steps, none of which is known.
    pub fn new(steps: usize) -> Self {
        Self((0..steps).map(|_| OnceLock::new()).collect())
    }

    /// Adds the output of `step`; an existing one stays.
    pub fn set(&self, step: usize, output: Arc<StepOutput>) {
        if let Some(place) = self.0.get(step) {
            // A step has one result in a run.
            let _ = place.set(output);
        }
    }

    /// The output of `step`, once it is known.
    pub fn get(&self, step: usize) -> Option<&Arc<StepOutput>> {
        self.0.get(step)?.get()
    }

    /// The digest of the output of `step`, once it is known.
    pub fn digest(&self, step: usize) -> Option<Digest> {
        self.get(step).map(|output| output.digest())
    }
}
