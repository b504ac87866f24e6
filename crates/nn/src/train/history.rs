//! What is written next to the model: a line for each epoch and a summary. No times, so that equal runs are equal
//! bytes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use pipe_foundation::Agreement;
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::reports::Scalars;

/// One line of `history.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, from 0.
    pub epoch: usize,
    /// Updates so far.
    pub updates: usize,
    /// Weight of the attribute tasks.
    pub alpha: f64,
    /// Learning rate of its last update.
    pub learning_rate: f64,
    /// Training losses, means over the epoch's batches.
    pub train: TrainLosses,
    /// Mean norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Scores on the validation split.
    pub validation: ValidationScores,
    /// Whether this epoch's weights are the best so far.
    pub best: bool,
    /// What computed it where that was not the processor: "cuda" or "cuda, TF32".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl EpochRecord {
    /// Everything that was measured, by name: `loss/total`, `loss/emotion`, `loss/<attribute>`, `validation/ua`,
    /// `validation/loss`, `validation/recall_<class>`, `loss/<target>`, `validation/<target>/ccc` (and `pearson`, `rmse`), `alpha`, `learning_rate`, `gradient_norm`. `classes` are the names
    /// of the classes in the order of the network's outputs.
    pub fn scalars(&self, classes: &[String]) -> Scalars {
        let mut scalars = Scalars::from([
            ("loss/total".into(), self.train.total),
            ("alpha".into(), self.alpha),
            ("learning_rate".into(), self.learning_rate),
            ("gradient_norm".into(), self.gradient_norm),
        ]);
        if !classes.is_empty() {
            scalars.insert("loss/emotion".into(), self.train.emotion);
        }
        let validation = &self.validation;
        let of_classes = [("ua", validation.ua), ("loss", validation.loss)];
        for (name, value) in of_classes {
            scalars.extend(value.map(|value| (format!("validation/{name}"), value)));
        }
        for target in &self.train.targets {
            scalars.insert(format!("loss/{}", target.target), target.loss);
        }
        for (target, agreement) in &validation.targets {
            let Some(agreement) = agreement else { continue };
            let values = [
                ("ccc", agreement.ccc),
                ("pearson", agreement.pearson),
                ("rmse", Some(agreement.rmse)),
            ];
            for (name, value) in values {
                let name = format!("validation/{target}/{name}");
                scalars.extend(value.map(|value| (name, value)));
            }
        }
        for head in &self.train.heads {
            scalars.insert(format!("loss/{}", head.attribute), head.loss);
        }
        for (class, recall) in classes.iter().zip(&self.validation.recalls) {
            let name = format!("validation/recall_{class}");
            scalars.extend(recall.map(|recall| (name, recall)));
        }
        scalars
    }
}

/// Training losses of one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainLosses {
    /// What was descended.
    pub total: f64,
    /// Loss of the emotion; 0 where there are no classes.
    pub emotion: f64,
    /// Loss of each numeric target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetLoss>,
    /// Loss of each attribute head.
    pub heads: Vec<HeadLoss>,
}

/// Loss of one numeric target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetLoss {
    /// The target.
    pub target: String,
    /// Its loss, of numbers in units of their standard deviation.
    pub loss: f64,
}

/// Loss of one attribute head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadLoss {
    /// The attribute.
    pub attribute: String,
    /// Its cross-entropy, or its penalty before the weight.
    pub loss: f64,
}

/// Scores on the validation split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValidationScores {
    /// Unweighted accuracy: mean recall of the classes that occur; none where there are no classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ua: Option<f64>,
    /// Recall of each class, in the order of the network's outputs; none where a class does not occur.
    pub recalls: Vec<Option<f64>>,
    /// Mean cross-entropy of the classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// How well the numbers of each target agree; none where none is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, Option<Agreement>>,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// All epochs are done.
    Epochs,
    /// Patience ran out.
    Patience,
    /// The bound on updates was reached.
    MaxUpdates,
}

/// `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Epoch of the model's weights, from 0.
    pub best_epoch: usize,
    /// Its validation scores.
    pub best: ValidationScores,
    /// Epochs done.
    pub epochs: usize,
    /// Updates done.
    pub updates: usize,
    /// Why training ended.
    pub stopped: Stopped,
    /// Epoch at which validation UA left chance; none means that the classifier never did.
    pub left_chance: Option<usize>,
    /// Values of the shared layers.
    pub shared_parameters: usize,
    /// Values of the emotion head.
    pub emotion_parameters: usize,
    /// Values of the layers of the numeric targets.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub target_parameters: usize,
    /// Values of each attribute head.
    pub head_parameters: Vec<usize>,
    /// Utterances of the training split.
    pub train_utterances: usize,
    /// Utterances of the validation split.
    pub validation_utterances: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The open history file.
pub(super) struct History {
    file: File,
    path: PathBuf,
}

impl History {
    pub(super) fn create(folder: &Path) -> Result<Self, TrainError> {
        let path = folder.join("history.jsonl");
        let file = File::create(&path).map_err(|source| TrainError::Io {
            path: path.clone(),
            source,
        })?;
        Ok(Self { file, path })
    }

    /// Appends a line; it is on its way to disk before the next epoch begins.
    pub(super) fn append(&mut self, record: &EpochRecord) -> Result<(), TrainError> {
        let line = serde_json::to_string(record).map_err(std::io::Error::from);
        line.and_then(|line| writeln!(self.file, "{line}"))
            .map_err(|source| TrainError::Io {
                path: self.path.clone(),
                source,
            })
    }
}

impl Summary {
    pub(super) fn write(&self, folder: &Path) -> Result<(), TrainError> {
        let path = folder.join("summary.json");
        serde_json::to_vec_pretty(self)
            .map_err(std::io::Error::from)
            .and_then(|bytes| std::fs::write(&path, bytes))
            .map_err(|source| TrainError::Io { path, source })
    }
}
