//! How a training went in one run and in another.

use pipe_engine::cache::{Cache, StepRecord};
use pipe_nn::train::Summary;
use serde::Serialize;

use super::step;

/// One training that came out otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainingChange {
    /// The step.
    pub step: String,
    /// What it came to before; none where the cache lacks it.
    pub before: Option<Summary>,
    /// What it comes to now.
    pub after: Option<Summary>,
    /// Its wall time before and now, in seconds.
    pub seconds: [f64; 2],
}

/// Compares two trainings.
pub fn training_change(
    cache: &Cache,
    id: &str,
    before: &StepRecord,
    after: &StepRecord,
) -> TrainingChange {
    let summary = |record: &StepRecord| step::json(cache, record, "summary.json").ok();
    TrainingChange {
        step: id.into(),
        before: summary(before),
        after: summary(after),
        seconds: [before.seconds, after.seconds],
    }
}
