//! What an evaluation reaches in one run and in another.

use std::collections::BTreeSet;

use pipe_engine::cache::{Cache, StepRecord};
use pipe_report::ReportEntry;
use pipe_report::eval::Metrics;
use serde::Serialize;

use pipe_stages::stage::EVALUATION_ENTRY;

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

/// How well a numeric target of one corpus was predicted before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetChange {
    /// The target.
    pub target: String,
    /// The corpus.
    pub corpus: String,
    /// Concordance correlation before; none where there is none.
    pub ccc_before: Option<f64>,
    /// Concordance correlation now.
    pub ccc_after: Option<f64>,
    /// Root of the mean squared error before, in the unit of the target; none where it was not tested.
    pub rmse_before: Option<f64>,
    /// The same now.
    pub rmse_after: Option<f64>,
    /// Utterances of known truth before and now.
    pub utterances: [usize; 2],
}

/// One evaluation that came out otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvaluationChange {
    /// The step.
    pub step: String,
    /// Metrics by corpus, unseen ones first.
    pub corpora: Vec<CorpusChange>,
    /// Numeric targets, by target and corpus.
    pub targets: Vec<TargetChange>,
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
    let (corpora, targets) = match &entries {
        [Some(before), Some(after)] => (corpora(before, after), targets(before, after)),
        _ => Default::default(),
    };
    // Models of numbers alone predict no classes.
    let of_classes = |entry: &Option<ReportEntry>| {
        let classes = entry.as_ref().map(|entry| &entry.evaluation.classes);
        classes.is_none_or(|classes| !classes.is_empty())
    };
    let flips = entries.iter().all(of_classes).then(|| {
        let mut read = |record: &StepRecord, which: &str| {
            let read = step::predictions(cache, record);
            read.map_err(|why| missing.push(format!("{which}: {why}")))
                .ok()
        };
        let (before, after) = (read(before, "before"), read(after, "now"));
        Some(PredictionFlips::of(&before?, &after?))
    });
    EvaluationChange {
        step: id.into(),
        corpora,
        targets,
        flips: flips.flatten(),
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

fn targets(before: &ReportEntry, after: &ReportEntry) -> Vec<TargetChange> {
    let places = |entry: &ReportEntry| -> BTreeSet<(String, String)> {
        let targets = entry.evaluation.targets.iter();
        let places = targets.flat_map(|(target, metrics)| {
            let corpora = metrics.corpora.keys();
            corpora.map(move |corpus| (target.clone(), corpus.clone()))
        });
        places.collect()
    };
    let all = &places(before) | &places(after);
    let changes = all.into_iter().map(|(target, corpus)| {
        let found = |entry: &ReportEntry| {
            let metrics = entry.evaluation.targets.get(&target)?;
            Some(metrics.corpora.get(&corpus)?.agreement)
        };
        let (then, now) = (found(before), found(after));
        TargetChange {
            ccc_before: then.and_then(|found| found.ccc),
            ccc_after: now.and_then(|found| found.ccc),
            rmse_before: then.map(|found| found.rmse),
            rmse_after: now.map(|found| found.rmse),
            utterances: [then, now].map(|found| found.map_or(0, |found| found.pairs)),
            target,
            corpus,
        }
    });
    changes.collect()
}
