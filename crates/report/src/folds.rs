//! The folds of a cross-validation as one result: their predictions together, and what each of them reaches.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::{FoldEntry, ReportEntry, distinct_partitions};
use crate::eval::{Confusion, EvalError, Evaluation, LabelRecall, Metrics, TargetMetrics};

impl ReportEntry {
    /// One entry called `name` for the models of all folds.
    ///
    /// Confusion matrices are added up, so scores are those of the predictions of all folds together. Where folds leave
    /// whole corpora out of training, a corpus counts by the models that were not trained on it, and the entry counts as
    /// trained on none.
    ///
    /// # Errors
    /// Where the folds have different classes, or there are none.
    pub fn pooled(name: String, folds: Vec<FoldEntry>) -> Result<Self, EvalError> {
        let leaves_out = leaves_corpora_out(&folds);
        let mut parts = Vec::with_capacity(folds.len());
        for fold in &folds {
            let counted = counted_corpora(&folds, &fold.entry);
            parts.push((&fold.entry.evaluation, counted));
        }
        let evaluation = sum(&parts)?;
        let mut model = folds.first().map(|fold| fold.entry.model.clone());
        if let Some(model) = &mut model {
            model.name = name;
            if leaves_out {
                model.training_corpora.clear();
            }
        }
        let leaks = folds.iter().flat_map(|fold| {
            let leaks = fold.entry.leaks.iter();
            leaks.map(|leak| format!("fold {}: {leak}", fold.fold))
        });
        let partitions = distinct_partitions(folds.iter().map(|fold| &fold.entry));
        Ok(Self {
            partitions,
            model: model.ok_or(EvalError::NoFolds)?,
            evaluation,
            leaks: leaks.collect(),
            epochs: folds
                .iter()
                .map(|fold| fold.entry.epochs)
                .max()
                .unwrap_or(0),
            final_alpha: None,
            history: Vec::new(),
            axes: Vec::new(),
            folds,
        })
    }

    /// Whether its folds leave whole corpora out of training.
    pub(crate) fn leaves_corpora_out(&self) -> bool {
        leaves_corpora_out(&self.folds)
    }

    /// The corpora that the model of one of its folds counts for.
    pub(crate) fn counted_corpora(&self, fold: &FoldEntry) -> BTreeSet<String> {
        counted_corpora(&self.folds, &fold.entry)
    }

    /// How often each utterance of a corpus was tested: once, or by every fold where it is in none of their data.
    pub(crate) fn times_tested(&self, corpus: &str) -> u64 {
        let tested: Vec<&BTreeMap<String, Confusion>> = self
            .folds
            .iter()
            .filter(|fold| self.counted_corpora(fold).contains(corpus))
            .filter_map(|fold| fold.entry.evaluation.speakers.get(corpus))
            .collect();
        let support = |speakers: &BTreeMap<String, Confusion>| -> Vec<(String, Vec<u64>)> {
            let speakers = speakers.iter();
            speakers
                .map(|(name, counts)| (name.clone(), counts.truths()))
                .collect()
        };
        let Some(first) = tested.first().map(|speakers| support(speakers)) else {
            return 1;
        };
        match tested.iter().all(|speakers| support(speakers) == first) {
            true => tested.len() as u64,
            false => 1,
        }
    }
}

fn leaves_corpora_out(folds: &[FoldEntry]) -> bool {
    let sets: BTreeSet<&BTreeSet<String>> = folds
        .iter()
        .map(|fold| &fold.entry.model.training_corpora)
        .collect();
    sets.len() > 1
}

/// The corpora of an evaluation that count: where some folds were not trained on a corpus, it counts for these alone.
fn counted_corpora(folds: &[FoldEntry], entry: &ReportEntry) -> BTreeSet<String> {
    let unseen_by_some = |corpus: &String| {
        folds.iter().any(|fold| {
            !fold.entry.model.training_corpora.contains(corpus)
                && fold.entry.evaluation.tested_corpora().contains(corpus)
        })
    };
    let mut corpora = entry.evaluation.tested_corpora();
    corpora.retain(|corpus| {
        !entry.model.training_corpora.contains(*corpus) || !unseen_by_some(corpus)
    });
    corpora.into_iter().cloned().collect()
}

/// The sum of evaluations, of each only some corpora.
fn sum(parts: &[(&Evaluation, BTreeSet<String>)]) -> Result<Evaluation, EvalError> {
    let (first, _) = parts.first().ok_or(EvalError::NoFolds)?;
    let classes = &first.classes;
    let mut corpora: BTreeMap<String, Confusion> = BTreeMap::new();
    let mut speakers: BTreeMap<String, BTreeMap<String, Confusion>> = BTreeMap::new();
    let mut overall = Confusion::new(classes.len());
    let mut labels: BTreeMap<String, BTreeMap<String, LabelRecall>> = BTreeMap::new();
    for (evaluation, counted) in parts {
        if evaluation.classes != *classes {
            return Err(EvalError::FoldClasses {
                first: classes.clone(),
                other: evaluation.classes.clone(),
            });
        }
        for corpus in counted {
            for (label, recall) in evaluation.labels.get(corpus).into_iter().flatten() {
                let own = labels.entry(corpus.clone()).or_default();
                match own.get_mut(label) {
                    Some(sum) => {
                        sum.utterances += recall.utterances;
                        sum.hits += recall.hits;
                    }
                    None => {
                        own.insert(label.clone(), recall.clone());
                    }
                }
            }
            let Some(metrics) = evaluation.corpora.get(corpus) else {
                continue;
            };
            overall.merge(&metrics.confusion)?;
            let own = corpora.entry(corpus.clone());
            own.or_insert_with(|| Confusion::new(classes.len()))
                .merge(&metrics.confusion)?;
            for (speaker, confusion) in evaluation.speakers.get(corpus).into_iter().flatten() {
                let own = speakers
                    .entry(corpus.clone())
                    .or_default()
                    .entry(speaker.clone());
                own.or_insert_with(|| Confusion::new(classes.len()))
                    .merge(confusion)?;
            }
        }
    }
    let metrics = |(corpus, confusion)| (corpus, Metrics::of(confusion));
    Ok(Evaluation {
        classes: classes.clone(),
        corpora: corpora.into_iter().map(metrics).collect(),
        speakers,
        overall: Metrics::of(overall),
        targets: targets(parts),
        labels,
    })
}

/// The agreement of the numbers of all parts together.
fn targets(parts: &[(&Evaluation, BTreeSet<String>)]) -> BTreeMap<String, TargetMetrics> {
    let names: BTreeSet<&String> = parts
        .iter()
        .flat_map(|(evaluation, _)| evaluation.targets.keys())
        .collect();
    let pooled = names.into_iter().filter_map(|name| {
        let with_target = parts.iter().filter_map(|(evaluation, counted)| {
            let metrics = evaluation.targets.get(name)?;
            Some((metrics, counted))
        });
        let pooled = TargetMetrics::pooled(name, &with_target.collect::<Vec<_>>())?;
        Some((name.clone(), pooled))
    });
    pooled.collect()
}

#[cfg(test)]
mod tests {
    use crate::eval::Prediction;
    use crate::{Method, ModelIdentity};

    use super::*;

    /// A model trained on `corpora`, with truth and prediction of each utterance of a speaker and corpus.
    fn fold(name: &str, corpora: &[&str], predictions: &[(&str, &str, usize, usize)]) -> FoldEntry {
        let classes = ["a", "b"].map(String::from);
        let predictions: Vec<Prediction> = predictions
            .iter()
            .enumerate()
            .map(
                |(number, &(corpus, speaker, truth, predicted))| Prediction {
                    utterance: format!("{corpus}/{speaker}/{number}"),
                    corpus: corpus.into(),
                    speaker: format!("{corpus}/{speaker}"),
                    truth,
                    predicted,
                    label: None,
                    probabilities: vec![0.5, 0.5],
                },
            )
            .collect();
        FoldEntry {
            fold: name.into(),
            entry: ReportEntry {
                model: ModelIdentity {
                    name: format!("fold {name}"),
                    method: Some(Method::Baseline),
                    attributes: BTreeSet::new(),
                    seed: Some(1),
                    training_corpora: corpora.iter().map(ToString::to_string).collect(),
                },
                evaluation: Evaluation::of(&classes, &predictions).expect("valid"),
                leaks: Vec::new(),
                partitions: Vec::new(),
                epochs: 1,
                final_alpha: None,
                history: Vec::new(),
                axes: Vec::new(),
                folds: Vec::new(),
            },
        }
    }

    #[test]
    fn pooled_scores_are_those_of_all_predictions_together() {
        let one = fold(
            "1",
            &["c"],
            &[("c", "1", 0, 0), ("c", "1", 0, 0), ("c", "1", 1, 0)],
        );
        let two = fold("2", &["c"], &[("c", "2", 1, 1), ("c", "2", 0, 1)]);
        let pooled = ReportEntry::pooled("baseline".into(), vec![one, two]).expect("alike");
        let found = &pooled.evaluation.corpora["c"];
        // Recalls 2/3 and 1/2; the mean of the folds would be (0.5 + 0.5) / 2.
        assert_eq!(found.ua, Some((2.0 / 3.0 + 0.5) / 2.0));
        assert_eq!(pooled.evaluation.speakers["c"].len(), 2);
        assert_eq!(pooled.times_tested("c"), 1);
        assert!(!pooled.leaves_corpora_out());
        assert_eq!(pooled.model.name, "baseline");
    }

    #[test]
    fn a_corpus_that_is_left_out_counts_by_the_model_that_has_not_heard_it() {
        let one = fold("x", &["y"], &[("x", "1", 0, 1), ("y", "1", 0, 0)]);
        let two = fold(
            "y",
            &["x"],
            &[("x", "1", 0, 0), ("y", "1", 0, 0), ("y", "2", 1, 1)],
        );
        let pooled = ReportEntry::pooled("baseline".into(), vec![one, two]).expect("alike");
        assert_eq!(pooled.evaluation.corpora["x"].ua, Some(0.0));
        assert_eq!(pooled.evaluation.corpora["y"].ua, Some(1.0));
        assert_eq!(pooled.evaluation.overall.utterances, 3);
        assert!(pooled.leaves_corpora_out() && pooled.model.training_corpora.is_empty());
    }

    #[test]
    fn what_every_fold_tests_is_known_to_be_the_same() {
        let folds = ["1", "2", "3"].map(|name| fold(name, &["c"], &[("far", "1", 0, 0)]));
        let pooled = ReportEntry::pooled("baseline".into(), folds.into()).expect("alike");
        assert_eq!(pooled.times_tested("far"), 3);
        assert!(ReportEntry::pooled("none".into(), Vec::new()).is_err());
    }
}
