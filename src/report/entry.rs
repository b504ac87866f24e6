//! One model of a report.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::eval::{Confusion, Evaluation, Metrics};
use crate::progress::EpochReport;

/// How a model uses its attribute heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// No attribute heads.
    Baseline,
    /// Multi-task learning.
    Mtl,
    /// Gradient reversal.
    Gr,
    /// Adversarial discriminators.
    Ad,
}

impl Method {
    /// The abbreviation used in the literature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Mtl => "MTL",
            Self::Gr => "GR",
            Self::Ad => "AD",
        }
    }
}

/// What an attribute head predicts, in the order of the letters of a combination such as C+S+G+L.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attribute {
    /// The corpus.
    Corpus,
    /// The speaker.
    Speaker,
    /// The speaker's gender.
    Gender,
    /// The language.
    Language,
}

impl Attribute {
    /// The attribute's letter.
    pub fn letter(self) -> char {
        match self {
            Self::Corpus => 'C',
            Self::Speaker => 'S',
            Self::Gender => 'G',
            Self::Language => 'L',
        }
    }
}

/// One model: how it was made and what it reaches.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportEntry {
    /// Name of the row.
    pub name: String,
    /// Its method, where it is one of the paper's.
    #[serde(default)]
    pub method: Option<Method>,
    /// What its attribute heads predict.
    #[serde(default)]
    pub attributes: BTreeSet<Attribute>,
    /// The seed of its training.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Corpora it was trained on; those of the evaluation that are among them count as in domain.
    #[serde(default)]
    pub training_corpora: BTreeSet<String>,
    /// What it reaches.
    pub evaluation: Evaluation,
    /// The epochs of its training; may be empty.
    #[serde(default)]
    pub history: Vec<EpochReport>,
}

impl ReportEntry {
    /// Method and attributes such as `GR C+G`; none where the method is unknown.
    pub fn variant(&self) -> Option<String> {
        let method = self.method?;
        let letters: Vec<String> = self
            .attributes
            .iter()
            .map(|attribute| attribute.letter().to_string())
            .collect();
        Some(
            format!("{} {}", method.name(), letters.join("+"))
                .trim_end()
                .to_string(),
        )
    }

    /// Metrics of all corpora together that the model was trained on; none where it was tested on none.
    pub(super) fn in_domain(&self) -> Option<Metrics> {
        let mut matrices = self
            .evaluation
            .corpora
            .iter()
            .filter(|(corpus, _)| self.training_corpora.contains(*corpus))
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
    if entry.method == Some(Method::Baseline) {
        return None;
    }
    let baselines: Vec<&ReportEntry> = entries
        .iter()
        .filter(|other| {
            other.method == Some(Method::Baseline)
                && other.training_corpora == entry.training_corpora
        })
        .collect();
    let same_seed: Vec<&ReportEntry> = baselines
        .iter()
        .copied()
        .filter(|other| other.seed == entry.seed)
        .collect();
    match (&same_seed[..], &baselines[..]) {
        ([one], _) | ([], [one]) => Some(one),
        _ => None,
    }
}
