//! What an evaluation reaches in one run and in another.

use std::collections::BTreeSet;

use pipe_engine::cache::{Cache, StepRecord};
use pipe_report::ReportEntry;
use pipe_report::eval::Metrics;
use serde::Serialize;

use crate::stage::EVALUATION_ENTRY;

use super::prediction_flips::PredictionFlips;
use super::step;

/// The metrics of one corpus before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CorpusChange {
    /// The corpus.
    pub corpus: String,
    /// True where neither model was trained on it.
    pub unseen: bool,
    /// UA before, in 0..=1; none where it was not tested.
    pub ua_before: Option<f64>,
    /// UA now.
    pub ua_after: Option<f64>,
    /// Utterances before and now.
    pub utterances: [u64; 2],
}

/// One evaluation that came out otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvaluationChange {
    /// The step.
    pub step: String,
    /// Metrics by corpus, unseen ones first.
    pub corpora: Vec<CorpusChange>,
    /// Predictions that changed; none where they cannot be compared.
    #[serde(rename = "sides")]
    pub flips: Option<PredictionFlips>,
    /// What the cache lacks for the comparison.
    pub missing: Vec<String>,
}

/// Compares two evaluations.
pub fn evaluation_change(
    cache: &Cache,
    id: &str,
    before: &StepRecord,
    after: &StepRecord,
) -> EvaluationChange {
    let mut missing = Vec::new();
    let mut read = |record: &StepRecord, which: &str| -> Option<ReportEntry> {
        let read = step::json(cache, record, EVALUATION_ENTRY);
        read.map_err(|why| missing.push(format!("{which}: {why}")))
            .ok()
    };
    let entries = [read(before, "before"), read(after, "now")];
    let corpora = match &entries {
        [Some(before), Some(after)] => corpora(before, after),
        _ => Vec::new(),
    };
    let mut read = |record: &StepRecord, which: &str| {
        let read = step::predictions(cache, record);
        read.map_err(|why| missing.push(format!("{which}: {why}")))
            .ok()
    };
    let predictions = [read(before, "before"), read(after, "now")];
    let flips = match &predictions {
        [Some(before), Some(after)] => Some(PredictionFlips::of(before, after)),
        _ => None,
    };
    EvaluationChange {
        step: id.into(),
        corpora,
        flips,
        missing,
    }
}

fn corpora(before: &ReportEntry, after: &ReportEntry) -> Vec<CorpusChange> {
    let (old, new) = (&before.evaluation.corpora, &after.evaluation.corpora);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut changes: Vec<CorpusChange> = names
        .into_iter()
        .map(|corpus| {
            let ua = |metrics: Option<&Metrics>| metrics.and_then(|metrics| metrics.ua);
            let count = |metrics: Option<&Metrics>| metrics.map_or(0, |m| m.utterances);
            let (then, now) = (old.get(corpus), new.get(corpus));
            let trained =
                [before, after].map(|entry| entry.model.training_corpora.contains(corpus));
            CorpusChange {
                corpus: corpus.clone(),
                unseen: trained == [false, false],
                ua_before: ua(then),
                ua_after: ua(now),
                utterances: [count(then), count(now)],
            }
        })
        .collect();
    changes.sort_by_key(|change| !change.unseen);
    changes
}
