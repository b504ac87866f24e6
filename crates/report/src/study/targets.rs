//! What the variants of a study reach on numeric targets.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::eval::{
    CorpusAgreement, SpeakerPairs, bootstrap_ccc, compare, jackknife_ccc, mean,
    mean_interval_within,
};
use crate::{Report, ReportEntry};

use super::baseline::baseline_of;
use super::correction;
use super::data::StudyVariant;
use super::target_result::{CccGain, TargetFold, TargetFolds, TargetResult};
use super::test_role::TestRole;

/// The results, by target, corpus and variant.
pub(super) fn results(report: &Report, variants: &[StudyVariant]) -> Vec<TargetResult> {
    let mut places: BTreeSet<(&String, &String)> = BTreeSet::new();
    for entry in &report.entries {
        for (target, metrics) in &entry.evaluation.targets {
            places.extend(metrics.corpora.keys().map(|corpus| (target, corpus)));
        }
    }
    let mut results: Vec<TargetResult> = places
        .into_par_iter()
        .flat_map_iter(|(target, corpus)| of_place(report, variants, target, corpus))
        .collect();
    let family = results.iter_mut().filter_map(|result| {
        let gain = result.gain.as_mut()?;
        Some((gain.p?, &mut gain.p_corrected))
    });
    correction::correct(family.collect());
    results
}

/// One model on a target of a corpus.
struct Tested<'a> {
    entry: &'a ReportEntry,
    found: &'a CorpusAgreement,
}

fn of_place(
    report: &Report,
    variants: &[StudyVariant],
    target: &str,
    corpus: &str,
) -> Vec<TargetResult> {
    let tested = |variant: &StudyVariant| -> Vec<Tested<'_>> {
        let entries = variant.entries.iter();
        let tested = entries.filter_map(|&index| {
            let entry = report.entries.get(index)?;
            let found = entry.evaluation.targets.get(target)?.corpora.get(corpus)?;
            Some(Tested { entry, found })
        });
        tested.collect()
    };
    let rows: Vec<Vec<Tested<'_>>> = variants.iter().map(tested).collect();
    let heard = rows.iter().flatten();
    let role = TestRole::of(heard.map(|model| model.entry.model.training_corpora.contains(corpus)));
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
            corpus: corpus.to_owned(),
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
                _ => bootstrap_ccc(&format!("{target} on {corpus}"), &pairs(models)),
            },
            pearson: pearsons.as_deref().and_then(mean),
            rmse: mean(&rmses)?,
            folds: folds(models, target, corpus),
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

fn pairs<'a>(models: &[Tested<'a>]) -> Vec<&'a SpeakerPairs> {
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

fn folds(models: &[Tested<'_>], target: &str, corpus: &str) -> Option<TargetFolds> {
    // CCCs of the models of each fold, in the order of the folds.
    let mut order: Vec<&str> = Vec::new();
    let mut found: BTreeMap<&str, Vec<&CorpusAgreement>> = BTreeMap::new();
    for model in models {
        for fold in &model.entry.folds {
            if !model.entry.counted_corpora(fold).contains(corpus) {
                continue;
            }
            let metrics = fold.entry.evaluation.targets.get(target);
            let Some(own) = metrics.and_then(|metrics| metrics.corpora.get(corpus)) else {
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
    let cccs: Option<Vec<f64>> = folds.iter().map(|fold| fold.ccc).collect();
    let cccs = cccs?;
    let mean_of = |score: fn(&TargetFold) -> Option<f64>| {
        let all: Option<Vec<f64>> = folds.iter().map(score).collect();
        all.as_deref().and_then(mean)
    };
    Some(TargetFolds {
        mean_ccc: mean(&cccs)?,
        mean_pearson: mean_of(|fold| fold.pearson),
        mean_rmse: mean_of(|fold| fold.rmse),
        interval: mean_interval_within(&cccs, -1.0),
        folds,
    })
}
