//! One tested model of a report.

use serde::{Deserialize, Serialize};

use crate::eval::{Confusion, Evaluation, Metrics};
use crate::train::EpochRecord;

use super::{Method, ModelIdentity};

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
    /// Most epochs its training could have had.
    #[serde(default)]
    pub epochs: usize,
    /// The epochs of its training; may be empty.
    #[serde(default)]
    pub history: Vec<EpochRecord>,
}

impl ReportEntry {
    /// Metrics of all corpora together that the model was trained on; none where it was tested on none.
    pub(super) fn in_domain(&self) -> Option<Metrics> {
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

/// The baseline that a model compares with: trained on the same corpora, of the same seed where there is
/// one, otherwise the only one.
pub(super) fn baseline_of<'a>(
    entry: &ReportEntry,
    entries: &'a [ReportEntry],
) -> Option<&'a ReportEntry> {
    if entry.model.method == Some(Method::Baseline) {
        return None;
    }
    let baselines: Vec<&ReportEntry> = entries
        .iter()
        .filter(|other| {
            other.model.method == Some(Method::Baseline)
                && other.model.training_corpora == entry.model.training_corpora
        })
        .collect();
    let same_seed: Vec<&ReportEntry> = baselines
        .iter()
        .copied()
        .filter(|other| other.model.seed == entry.model.seed)
        .collect();
    match (&same_seed[..], &baselines[..]) {
        ([one], _) | ([], [one]) => Some(one),
        _ => None,
    }
}
