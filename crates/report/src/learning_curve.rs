//! Learning curves of a training: what was measured at the end of each epoch.

use std::collections::BTreeMap;

use pipe_foundation::Agreement;
use serde::{Deserialize, Serialize};

/// One epoch of a training.
///
/// Pages and tables show losses, the UA and alpha. The rest is kept so that an evaluation holds the whole history of its
/// training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochPoint {
    /// Epoch, from 0.
    pub epoch: usize,
    /// Updates so far.
    pub updates: usize,
    /// Weight of the attribute tasks.
    pub alpha: f64,
    /// Learning rate of its last update.
    pub learning_rate: f64,
    /// Training losses.
    pub train: EpochLosses,
    /// Mean norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Scores on the validation split.
    pub validation: EpochScores,
    /// Whether this epoch's weights were the best so far.
    pub best: bool,
    /// What computed it where that was not the processor: "cuda" or "cuda, TF32".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl EpochPoint {
    /// The epoch of `history` whose weights were kept; none of an empty history.
    ///
    /// That is the last one that was better than all before it, by the score that the training watched and among the
    /// epochs that it selected from. Histories of earlier versions do not say which one was: of those it is the first with the
    /// highest score.
    pub fn kept(history: &[Self]) -> Option<&Self> {
        let highest = || {
            history.iter().reduce(|best, next| {
                let (old, new) = (best.validation.shown(), next.validation.shown());
                match new > old || (old.is_nan() && !new.is_nan()) {
                    true => next,
                    false => best,
                }
            })
        };
        history.iter().rfind(|epoch| epoch.best).or_else(highest)
    }
}

/// Training losses of one epoch, in nats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochLosses {
    /// What was descended.
    pub total: f64,
    /// Cross-entropy of the emotion.
    pub emotion: f64,
    /// Loss of each numeric target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<EpochTargetLoss>,
    /// Cross-entropy of each attribute head.
    pub heads: Vec<EpochHeadLoss>,
}

/// Loss of one numeric target, of numbers in units of their standard deviation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochTargetLoss {
    /// The target.
    pub target: String,
    /// Its loss.
    pub loss: f64,
}

impl EpochScores {
    /// The score that curves show: the UA, or the mean CCC of the numeric targets where there are no classes; not a
    /// number where there is neither.
    pub(crate) fn shown(&self) -> f64 {
        if let Some(ua) = self.ua {
            return ua;
        }
        let known = self.targets.values().flatten().filter_map(|one| one.ccc);
        let known: Vec<f64> = known.collect();
        known.iter().sum::<f64>() / known.len() as f64
    }
}

/// Loss of one attribute head, in nats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochHeadLoss {
    /// The attribute.
    pub attribute: String,
    /// Its cross-entropy.
    pub loss: f64,
}

/// Scores of one epoch on the validation split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochScores {
    /// Unweighted accuracy, in 0..=1; none where there are no classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ua: Option<f64>,
    /// Recall of each class, in 0..=1; none where a class does not occur.
    pub recalls: Vec<Option<f64>>,
    /// Mean cross-entropy of the classes, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// How well the numbers of each target agree.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, Option<Agreement>>,
}
