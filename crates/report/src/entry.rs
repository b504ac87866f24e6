//! One tested model of a report, or the models of all folds of a cross-validation.

use serde::{Deserialize, Serialize};

use crate::eval::{Confusion, Evaluation, Metrics};
use crate::{EpochPoint, ModelIdentity, PartitionFacts};

/// One model: how it was made and what it reaches.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportEntry {
    /// Which model it is.
    pub model: ModelIdentity,
    /// What it reaches.
    pub evaluation: Evaluation,
    /// Speakers and recordings of the training among those tested, where that was allowed.
    #[serde(default)]
    pub leaks: Vec<String>,
    /// Published partitions that gave the tested utterances their splits, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<PartitionFacts>,
    /// Most epochs its training could have had.
    #[serde(default)]
    pub epochs: usize,
    /// The weight that its attribute tasks have in the last possible epoch; none without such tasks, and in evaluations of
    /// earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_alpha: Option<f64>,
    /// The epochs of its training; may be empty.
    #[serde(default)]
    pub history: Vec<EpochPoint>,
    /// Its matrix values by axis, where the report compares along an axis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<(String, String)>,
    /// The folds that it stands for; none where it is one model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<FoldEntry>,
}

/// The model of one fold.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoldEntry {
    /// Name of the fold: its value on the axis.
    pub fold: String,
    /// Its model and what that reaches.
    pub entry: ReportEntry,
}

impl ReportEntry {
    /// Metrics of all corpora together that the model was trained on; none where it was tested on none.
    pub(crate) fn in_domain(&self) -> Option<Metrics> {
        let mut matrices = self
            .evaluation
            .corpora
            .iter()
            .filter(|(corpus, _)| self.model.training_corpora.contains(*corpus))
            .map(|(_, metrics)| &metrics.confusion);
        let mut sum: Confusion = matrices.next()?.clone();
        for matrix in matrices {
            sum.merge(matrix).ok()?;
        }
        Some(Metrics::of(sum))
    }
}

/// The published partitions that some entries follow, each once.
pub(crate) fn distinct_partitions<'a>(
    entries: impl Iterator<Item = &'a ReportEntry>,
) -> Vec<PartitionFacts> {
    let mut partitions: Vec<PartitionFacts> = Vec::new();
    for partition in entries.flat_map(|entry| &entry.partitions) {
        if !partitions.contains(partition) {
            partitions.push(partition.clone());
        }
    }
    partitions
}
