//! What a training reports while it runs.

use std::collections::BTreeMap;

use pipe_foundation::progress::WorkReport;
use serde::Serialize;
use serde_json::{Map, Value as Json};

/// Named values of one epoch, such as `loss/total`.
pub type Scalars = BTreeMap<String, f64>;

/// One finished epoch of training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EpochReport {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Maximum number of epochs.
    pub epochs: usize,
    /// Mean total training loss over the epoch's batches.
    pub loss: f64,
    /// Unweighted accuracy on the validation split, in 0..=1; none where there are no classes.
    pub validation_ua: Option<f64>,
    /// Best validation UA so far.
    pub best_ua: Option<f64>,
    /// The score that decides which epoch is best, where it is not the UA.
    pub monitored: Option<Monitored>,
    /// Wall time of the epoch in seconds.
    pub seconds: f64,
    /// Everything that is measured, by the names that trackers show.
    pub scalars: Scalars,
}

/// The score that decides which epoch of a training is best.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Monitored {
    /// Its name, such as `arousal/ccc`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The best value so far.
    pub best: f64,
}

/// A training continues after epochs that an earlier run did.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingResumed {
    /// What was measured in each of them.
    pub scalars: Vec<Scalars>,
}

impl WorkReport for EpochReport {
    fn name(&self) -> &'static str {
        "epoch"
    }

    fn fields(&self) -> Map<String, Json> {
        match serde_json::to_value(self) {
            Ok(Json::Object(fields)) => fields,
            // A structure with text for keys is always an object.
            _ => Map::new(),
        }
    }

    fn is_decision(&self) -> bool {
        false
    }
}

impl WorkReport for TrainingResumed {
    fn name(&self) -> &'static str {
        "training_resumed"
    }

    fn fields(&self) -> Map<String, Json> {
        Map::from_iter([("epochs".to_owned(), self.scalars.len().into())])
    }

    fn is_decision(&self) -> bool {
        true
    }
}
