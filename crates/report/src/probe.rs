//! Probes and silhouettes of one model's embedding.

use serde::{Deserialize, Serialize};

use crate::ModelIdentity;
use crate::eval::Interval;

/// One model's probes, one for each attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeEntry {
    /// Which model it is.
    pub model: ModelIdentity,
    /// What was probed.
    pub probes: Vec<Probe>,
}

/// How well a linear classifier predicts one attribute from the embedding. Proportions lie in 0..=1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// `corpus`, `speaker`, `gender`, `language` or `emotion`.
    pub attribute: String,
    /// Its values, those of the confusion in order.
    pub labels: Vec<String>,
    /// Utterances that were classified, each by a probe that had not seen it.
    pub utterances: u64,
    /// True where no speaker was both fitted and tested on. Impossible for the attribute `speaker`.
    pub speaker_disjoint: bool,
    /// Mean recall of the values; none where fewer than two values could be tested.
    pub ua: Option<f64>,
    /// Its 95 % interval, from a bootstrap over speakers (over utterances for `speaker`).
    pub interval: Option<Interval>,
    /// UA of a probe that ignores the embedding.
    pub chance_ua: Option<f64>,
    /// Mean silhouette of the utterances grouped by the attribute (Rousseeuw 1987), in -1..=1.
    pub silhouette: Option<f64>,
    /// Why there is no figure, where there is none.
    pub remark: Option<String>,
}
