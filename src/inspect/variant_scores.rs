//! What the variants of a run reach: all folds of one together, averaged over its seeds.

use std::collections::BTreeMap;

use pipe_engine::cache::{Cache, CacheError, Run};
use pipe_report::{FoldEntry, ReportEntry};
use serde::Serialize;

use pipe_stages::stage::{EVALUATION_ENTRY, FOLD};

use super::step::{self, stage_of};

/// What one variant reaches on each corpus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariantScores {
    /// Its matrix values, less folds and seeds; the stage where there are none.
    pub variant: String,
    /// Models that it stands for.
    pub models: usize,
    /// UA, in 0..=1, by corpus.
    pub ua: BTreeMap<String, f64>,
    /// Concordance correlation by numeric target and corpus.
    pub ccc: BTreeMap<String, BTreeMap<String, f64>>,
    /// Corpora that none of its models was trained on.
    pub unseen: Vec<String>,
}

/// One evaluation of a run.
struct Evaluated {
    stage: String,
    axes: Vec<(String, String)>,
    entry: ReportEntry,
}

/// Reads the evaluations of a run; those whose files are gone are left out. How many there are, and what their variants
/// reach, in the order of their names.
///
/// # Errors
/// When a record cannot be read.
pub fn variant_scores(cache: &Cache, run: &Run) -> Result<(usize, Vec<VariantScores>), CacheError> {
    let mut evaluated = Vec::new();
    for (id, key) in &run.record.steps {
        let Some(record) = cache.records.get(key)? else {
            continue;
        };
        if step::file(&record, EVALUATION_ENTRY).is_none() {
            continue;
        }
        let Ok(entry) = step::json::<ReportEntry>(cache, &record, EVALUATION_ENTRY) else {
            continue;
        };
        evaluated.push(Evaluated {
            stage: stage_of(id).to_owned(),
            axes: axes_of(id),
            entry,
        });
    }
    let models = evaluated.len();
    Ok((models, scores(evaluated, &run.record.fold_axes)))
}

/// The matrix values in the id of a step.
fn axes_of(id: &str) -> Vec<(String, String)> {
    let written = id
        .split_once('[')
        .and_then(|(_, axes)| axes.strip_suffix(']'));
    let mut axes: Vec<(String, String)> = Vec::new();
    for part in written.into_iter().flat_map(|written| written.split(',')) {
        match (part.split_once('='), axes.last_mut()) {
            (Some((axis, value)), _) => axes.push((axis.to_owned(), value.to_owned())),
            // A comma of the value before.
            (None, Some((_, value))) => *value = format!("{value},{part}"),
            (None, None) => {}
        }
    }
    axes
}

fn scores(mut evaluated: Vec<Evaluated>, fold_axes: &[String]) -> Vec<VariantScores> {
    let is_seed = |axis: &str| {
        evaluated.iter().all(|one| {
            let mut own = one.axes.iter().filter(|(known, _)| known == axis);
            let seed = one.entry.model.seed.map(|seed| seed.to_string());
            own.all(|(_, value)| Some(value) == seed.as_ref())
        })
    };
    let mut seeds: Vec<String> = evaluated
        .iter()
        .flat_map(|one| &one.axes)
        .map(|(axis, _)| axis.clone())
        .collect();
    seeds.sort();
    seeds.dedup();
    seeds.retain(|axis| is_seed(axis));
    let several_stages = evaluated.iter().any(|one| one.stage != evaluated[0].stage);
    // The folds of each model, and the models of each variant, in the order of their ids.
    type Key = (String, Vec<(String, String)>);
    let mut models: Vec<(Key, Vec<FoldEntry>)> = Vec::new();
    for one in evaluated.drain(..) {
        let mut axes = one.axes;
        let is_folds = |axis: &str| axis == FOLD || fold_axes.iter().any(|known| known == axis);
        let place = axes.iter().position(|(axis, _)| is_folds(axis));
        let fold = place.map(|place| axes.remove(place).1);
        let key = (one.stage, axes);
        let is_alone = fold.is_none();
        let fold = FoldEntry {
            fold: fold.unwrap_or_default(),
            entry: one.entry,
        };
        match models
            .iter_mut()
            .find(|(known, _)| *known == key && !is_alone)
        {
            Some((_, folds)) => folds.push(fold),
            None => models.push((key, vec![fold])),
        }
    }
    let mut variants: Vec<(Key, usize, Vec<ReportEntry>)> = Vec::new();
    for ((stage, mut axes), folds) in models {
        axes.retain(|(axis, _)| !seeds.contains(axis));
        let key = (stage, axes);
        let count = folds.len();
        let Some(entry) = together(folds) else {
            continue;
        };
        match variants.iter_mut().find(|(known, ..)| *known == key) {
            Some((_, models, entries)) => {
                *models += count;
                entries.push(entry);
            }
            None => variants.push((key, count, vec![entry])),
        }
    }
    let scores = variants
        .into_iter()
        .map(|((stage, axes), models, entries)| {
            let values = axes.iter().map(|(axis, value)| match value.parse::<f64>() {
                // A bare number needs the name of its axis.
                Ok(_) => format!("{axis} {value}"),
                Err(_) => value.clone(),
            });
            let mut words: Vec<String> = values.collect();
            if several_stages || words.is_empty() {
                words.insert(0, stage);
            }
            VariantScores {
                variant: words.join(" "),
                models,
                ..means(&entries)
            }
        });
    scores.collect()
}

/// The folds as one; none where they do not belong together.
fn together(mut folds: Vec<FoldEntry>) -> Option<ReportEntry> {
    match folds.len() {
        0 | 1 => Some(folds.pop()?.entry),
        _ => ReportEntry::pooled(String::new(), folds).ok(),
    }
}

/// Means over some models.
fn means(entries: &[ReportEntry]) -> VariantScores {
    let mut ua: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut ccc: BTreeMap<String, BTreeMap<String, Vec<f64>>> = BTreeMap::new();
    let mut unseen: BTreeMap<&String, bool> = BTreeMap::new();
    for entry in entries {
        let tested = entry.evaluation.tested_corpora();
        for corpus in tested {
            let own = !entry.model.training_corpora.contains(corpus);
            *unseen.entry(corpus).or_insert(true) &= own;
        }
        for (corpus, metrics) in &entry.evaluation.corpora {
            ua.entry(corpus.clone()).or_default().extend(metrics.ua);
        }
        for (target, metrics) in &entry.evaluation.targets {
            for (corpus, found) in &metrics.corpora {
                let own = ccc.entry(target.clone()).or_default();
                let own = own.entry(corpus.clone()).or_default();
                own.extend(found.agreement.ccc);
            }
        }
    }
    VariantScores {
        variant: String::new(),
        models: entries.len(),
        ua: mean_of_each(ua),
        ccc: ccc
            .into_iter()
            .map(|(target, corpora)| (target, mean_of_each(corpora)))
            .collect(),
        unseen: unseen
            .into_iter()
            .filter(|(_, unseen)| *unseen)
            .map(|(corpus, _)| corpus.clone())
            .collect(),
    }
}

fn mean_of_each(values: BTreeMap<String, Vec<f64>>) -> BTreeMap<String, f64> {
    let values = values.into_iter().filter(|(_, all)| !all.is_empty());
    values
        .map(|(corpus, all)| (corpus, all.iter().sum::<f64>() / all.len() as f64))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrix_values_are_taken_out_of_ids() {
        let axes = |id| {
            let axes = axes_of(id).into_iter();
            axes.map(|(axis, value)| format!("{axis}:{value}"))
                .collect::<Vec<_>>()
        };
        assert!(axes("test").is_empty());
        assert_eq!(axes("test[fold=1,loss=ccc]"), ["fold:1", "loss:ccc"]);
        assert_eq!(axes("test[of=a, b,seed=2]"), ["of:a, b", "seed:2"]);
    }
}
