//! What models are compared on: one corpus, all corpora of the training together, or all that folds leave out.

use std::collections::{BTreeMap, BTreeSet};

use crate::eval::{Metrics, SpeakerHits, SpeakerSet};
use crate::published::{PAPER_CLASSES, PublishedTest, is_paper_training_set, published_ua};
use crate::{FoldEntry, Method, ReportEntry};

use super::TestRole;

/// Something that models are compared on: one corpus, or all corpora of the training together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    /// One corpus.
    Corpus(String),
    /// All corpora that the model was trained on, held-out speakers.
    InDomain,
    /// All corpora that folds leave out in turn, each by the model that was not trained on it.
    AllFolds,
}

impl Test {
    /// Name in headings.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Corpus(corpus) => corpus,
            Self::InDomain => "in domain",
            Self::AllFolds => "all folds",
        }
    }

    /// What a model reaches on it; none where it was not tested on it.
    pub(super) fn metrics(&self, entry: &ReportEntry) -> Option<Metrics> {
        match self {
            Self::Corpus(corpus) => entry.evaluation.corpora.get(corpus).cloned(),
            Self::InDomain => entry.in_domain(),
            Self::AllFolds => {
                let leaves_out = entry.leaves_corpora_out();
                leaves_out.then(|| entry.evaluation.overall.clone())
            }
        }
    }

    /// What the model of one fold of `entry` reaches on it, as far as it counts there.
    pub(super) fn fold_metrics(&self, entry: &ReportEntry, fold: &FoldEntry) -> Option<Metrics> {
        let counted = entry.counted_corpora(fold);
        match self {
            Self::Corpus(corpus) if counted.contains(corpus) => self.metrics(&fold.entry),
            Self::Corpus(_) => None,
            Self::InDomain => fold.entry.in_domain(),
            Self::AllFolds => {
                let own = fold.entry.evaluation.corpora.iter();
                let own = own.filter(|(corpus, _)| counted.contains(*corpus));
                let mut matrices = own.map(|(_, metrics)| &metrics.confusion);
                let mut sum = matrices.next()?.clone();
                for matrix in matrices {
                    sum.merge(matrix).ok()?;
                }
                Some(Metrics::of(sum))
            }
        }
    }

    /// Counts of each speaker of it that a model was tested on.
    pub(super) fn speakers(&self, entry: &ReportEntry) -> (SpeakerSet, SpeakerHits) {
        let speakers = entry.evaluation.speakers.iter();
        SpeakerSet::of(
            speakers
                .filter(|(corpus, _)| match self {
                    Self::Corpus(name) => *corpus == name,
                    Self::InDomain => entry.model.training_corpora.contains(*corpus),
                    Self::AllFolds => true,
                })
                .map(|(corpus, speakers)| (corpus.as_str(), speakers)),
        )
    }

    /// The paper's test that it is.
    fn as_published(&self) -> Option<PublishedTest> {
        match self {
            Self::Corpus(corpus) => PublishedTest::of_corpus(corpus),
            Self::InDomain => Some(PublishedTest::InDomain),
            Self::AllFolds => None,
        }
    }

    /// The published UA in % of a model on it.
    pub(super) fn published(&self, entry: &ReportEntry) -> Option<f64> {
        let test = self.as_published()?;
        // A test corpus that was trained on, or in-domain speech of other corpora, is another experiment.
        let comparable = match self {
            Self::Corpus(corpus) => !entry.model.training_corpora.contains(corpus),
            Self::InDomain => is_paper_training_set(&entry.model.training_corpora),
            Self::AllFolds => false,
        };
        (comparable && entry.evaluation.classes == PAPER_CLASSES)
            .then(|| published_ua(entry.model.method?, &entry.model.attributes, test))
            .flatten()
    }

    /// The published UA less that of the published baseline, in points; none for the baseline.
    pub(super) fn published_gain(&self, entry: &ReportEntry) -> Option<f64> {
        if entry.model.method == Some(Method::Baseline) {
            return None;
        }
        let none = BTreeSet::new();
        let baseline = published_ua(Method::Baseline, &none, self.as_published()?)?;
        Some(self.published(entry)? - baseline)
    }
}

/// Every corpus that any model was tested on: unseen ones first, then those of the training.
pub(super) fn corpora_of(entries: &[&ReportEntry]) -> Vec<(String, TestRole)> {
    let mut trained_on: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for entry in entries {
        for corpus in entry.evaluation.corpora.keys() {
            let trained = entry.model.training_corpora.contains(corpus);
            trained_on.entry(corpus).or_default().push(trained);
        }
    }
    let mut corpora: Vec<(String, TestRole)> = trained_on
        .into_iter()
        .map(|(corpus, trained)| (corpus.to_string(), TestRole::of(trained)))
        .collect();
    corpora.sort_by_key(|(_, role)| *role);
    corpora
}
