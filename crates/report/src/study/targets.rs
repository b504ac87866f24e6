//! What the variants of a study reach on numeric targets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::eval::{
    CorpusAgreement, SpeakerPairs, bootstrap_ccc, compare, jackknife_ccc, mean,
    mean_interval_within,
};
use crate::{FoldEntry, Report, ReportEntry};

use super::baseline::baseline_of;
use super::correction;
use super::data::StudyVariant;
use super::target_result::{CccGain, TargetFold, TargetFolds, TargetResult};
use super::test_role::TestRole;
use super::test_set::Test;

/// The results, by target, corpus and variant.
pub(super) fn results(report: &Report, variants: &[StudyVariant]) -> Vec<TargetResult> {
    let mut places: BTreeSet<(&String, Place<'_>)> = BTreeSet::new();
    for entry in &report.entries {
        for (target, metrics) in &entry.evaluation.targets {
            let corpora = metrics.corpora.keys();
            places.extend(corpora.map(|corpus| (target, Place::Corpus(corpus))));
            if entry.leaves_corpora_out() {
                places.insert((target, Place::AllFolds));
            }
        }
    }
    let mut results: Vec<TargetResult> = places
        .into_par_iter()
        .flat_map_iter(|(target, place)| of_place(report, variants, target, place))
        .collect();
    let family = results.iter_mut().filter_map(|result| {
        let gain = result.gain.as_mut()?;
        Some((gain.p?, &mut gain.p_corrected))
    });
    correction::correct(family.collect());
    results
}

/// What models are compared on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    /// One corpus.
    Corpus(&'a str),
    /// All corpora that folds leave out in turn, each by the models that were not trained on it.
    AllFolds,
}

impl<'a> Place<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Corpus(corpus) => corpus,
            Self::AllFolds => Test::AllFolds.name(),
        }
    }

    /// What a model or the models of all folds reach on it; none where they were not tested on it.
    fn found<'e>(self, entry: &'e ReportEntry, target: &str) -> Option<Cow<'e, CorpusAgreement>> {
        let metrics = entry.evaluation.targets.get(target)?;
        match self {
            Self::Corpus(corpus) => metrics.corpora.get(corpus).map(Cow::Borrowed),
            Self::AllFolds if entry.leaves_corpora_out() => {
                let all = metrics.corpora.keys().cloned().collect();
                let together = metrics.together(target, self.name(), &all);
                together.map(Cow::Owned)
            }
            Self::AllFolds => None,
        }
    }

    /// What the model of one fold reaches on it, as far as it counts there.
    fn found_by_fold<'e>(
        self,
        entry: &'e ReportEntry,
        fold: &'e FoldEntry,
        target: &str,
    ) -> Option<Cow<'e, CorpusAgreement>> {
        let counted = entry.counted_corpora(fold);
        let metrics = fold.entry.evaluation.targets.get(target)?;
        match self {
            Self::Corpus(corpus) if counted.contains(corpus) => {
                metrics.corpora.get(corpus).map(Cow::Borrowed)
            }
            Self::Corpus(_) => None,
            Self::AllFolds => {
                let together = metrics.together(target, self.name(), &counted);
                together.map(Cow::Owned)
            }
        }
    }

    /// Whether the model of an entry was trained on it.
    fn is_heard(self, entry: &ReportEntry) -> bool {
        match self {
            Self::Corpus(corpus) => entry.model.training_corpora.contains(corpus),
            Self::AllFolds => false,
        }
    }
}

/// One model on a target of a corpus.
struct Tested<'a> {
    entry: &'a ReportEntry,
    found: Cow<'a, CorpusAgreement>,
}

fn of_place(
    report: &Report,
    variants: &[StudyVariant],
    target: &str,
    tested_on: Place<'_>,
) -> Vec<TargetResult> {
    let tested = |variant: &StudyVariant| -> Vec<Tested<'_>> {
        let entries = variant.entries.iter();
        let tested = entries.filter_map(|&index| {
            let entry = report.entries.get(index)?;
            let found = tested_on.found(entry, target)?;
            Some(Tested { entry, found })
        });
        tested.collect()
    };
    let rows: Vec<Vec<Tested<'_>>> = variants.iter().map(tested).collect();
    let heard = rows.iter().flatten();
    let role = TestRole::of(heard.map(|model| tested_on.is_heard(model.entry)));
    let results = variants.iter().zip(&rows).enumerate();
    let results = results.filter_map(|(place, (variant, models))| {
        let first = models.first()?;
        let cccs = cccs(models);
        let pearsons: Option<Vec<f64>> = models.iter().map(|m| m.found.agreement.pearson).collect();
        let rmses: Vec<f64> = models.iter().map(|m| m.found.agreement.rmse).collect();
        let theirs = baseline_of(variants, variant, report.reference.as_ref());
        let theirs = theirs.and_then(|place| rows.get(place));
        Some(TargetResult {
            variant: place,
            target: target.to_owned(),
            corpus: tested_on.name().to_owned(),
            role,
            runs: models.len(),
            utterances: first.found.agreement.pairs,
            speakers: first.found.speakers,
            ccc: cccs.as_deref().and_then(mean),
            seeds_interval: cccs
                .as_deref()
                .and_then(|all| mean_interval_within(all, -1.0)),
            speakers_interval: match models.len() {
                1 => first.found.ccc_interval,
                _ => bootstrap_ccc(&format!("{target} on {}", tested_on.name()), &pairs(models)),
            },
            pearson: pearsons.as_deref().and_then(mean),
            rmse: mean(&rmses)?,
            folds: folds(models, target, tested_on),
            gain: theirs.and_then(|theirs| gain(models, theirs)),
        })
    });
    results.collect()
}

/// None where one of them has none.
fn cccs(models: &[Tested<'_>]) -> Option<Vec<f64>> {
    models
        .iter()
        .map(|model| model.found.agreement.ccc)
        .collect()
}

fn pairs<'m>(models: &'m [Tested<'_>]) -> Vec<&'m SpeakerPairs> {
    models.iter().map(|model| &model.found.moments).collect()
}

fn gain(ours: &[Tested<'_>], theirs: &[Tested<'_>]) -> Option<CccGain> {
    let (our_cccs, their_cccs) = (cccs(ours)?, cccs(theirs)?);
    let speakers = jackknife_ccc(&pairs(ours), &pairs(theirs));
    let found = compare(&our_cccs, &their_cccs, speakers);
    Some(CccGain {
        ccc: mean(&our_cccs)? - mean(&their_cccs)?,
        interval: found.map(|found| found.interval),
        p: found.map(|found| found.p),
        p_corrected: None,
    })
}

fn folds(models: &[Tested<'_>], target: &str, tested_on: Place<'_>) -> Option<TargetFolds> {
    // CCCs of the models of each fold, in the order of the folds.
    let mut order: Vec<&str> = Vec::new();
    let mut found: BTreeMap<&str, Vec<Cow<'_, CorpusAgreement>>> = BTreeMap::new();
    for model in models {
        for fold in &model.entry.folds {
            let Some(own) = tested_on.found_by_fold(model.entry, fold, target) else {
                continue;
            };
            let all = found.entry(&fold.fold).or_default();
            if all.is_empty() {
                order.push(&fold.fold);
            }
            all.push(own);
        }
    }
    let fold = |name: &&str| {
        let all = &found[name];
        let mean_of = |score: fn(&CorpusAgreement) -> Option<f64>| {
            let all: Option<Vec<f64>> = all.iter().map(|own| score(own)).collect();
            all.as_deref().and_then(mean)
        };
        Some(TargetFold {
            fold: (*name).to_owned(),
            ccc: mean_of(|own| own.agreement.ccc),
            pearson: mean_of(|own| own.agreement.pearson),
            rmse: mean_of(|own| Some(own.agreement.rmse)),
            utterances: all.first()?.agreement.pairs,
        })
    };
    let folds: Vec<TargetFold> = order.iter().filter_map(fold).collect();
    if folds.is_empty() {
        return None;
    }
    let known = |score: fn(&TargetFold) -> Option<f64>| -> Vec<f64> {
        folds.iter().filter_map(score).collect()
    };
    let cccs = known(|fold| fold.ccc);
    Some(TargetFolds {
        mean_ccc: mean(&cccs),
        mean_pearson: mean(&known(|fold| fold.pearson)),
        mean_rmse: mean(&known(|fold| fold.rmse)),
        interval: mean_interval_within(&cccs, -1.0),
        folds,
    })
}
