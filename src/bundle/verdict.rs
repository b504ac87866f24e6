//! How a reproduction compares with what a bundle holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_engine::cache::{Cache, CacheError};
use pipe_engine::exec::runs_folder;
use pipe_engine::plan::Plan;
use pipe_engine::stage::SourceListing;
use pipe_foundation::Digest;
use pipe_foundation::regular_file;
use pipe_foundation::spreadsheet::unguarded;
use pipe_report::eval::read_predictions;
use serde::Serialize;

use crate::inspect::PredictionFlips;
use crate::inspect::step;
use crate::items::UtteranceItem;
use crate::lock::{LockFile, LockedMetrics};

use super::altered::altered_files;

/// How a reproduction compares with a bundle.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Every step depends on the same and made the same, bit for bit.
    Identical {
        /// How many steps.
        steps: usize,
    },
    /// The recordings and what is known of them are the same, and some results are not.
    DifferentNumbers {
        /// Steps with other keys or other results.
        steps: Vec<String>,
        /// What evaluations reach, where that is not the same.
        numbers: Vec<NumberChange>,
        /// Evaluations with other predictions.
        predictions: Vec<PredictionChange>,
    },
    /// Every key and every result is as the lock file of the bundle says, but its files or its numbers are not those.
    Altered {
        /// Files in the bundle that no step made so.
        files: Vec<String>,
        /// Numbers in its lock file that its evaluations do not reach.
        numbers: Vec<NumberChange>,
    },
    /// The data are others.
    DifferentData {
        /// Where, and how.
        data: Vec<DataChange>,
    },
}

/// One metric that is not the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberChange {
    /// The evaluation.
    pub step: String,
    /// The corpus.
    pub corpus: String,
    /// The metric.
    pub metric: &'static str,
    /// Its value in the bundle.
    pub bundle: Option<f64>,
    /// Its value here.
    pub here: Option<f64>,
}

/// How many predictions of an evaluation are not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PredictionChange {
    /// The evaluation.
    pub step: String,
    /// Utterances that both tested on.
    pub shared: usize,
    /// Those with another class.
    pub changed: usize,
}

/// How the utterances of a corpus in a split are not the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DataChange {
    /// The step that lists them.
    pub source: String,
    /// The corpus.
    pub corpus: String,
    /// The split.
    pub split: String,
    /// Utterances in the bundle.
    pub bundle: usize,
    /// Utterances here.
    pub here: usize,
    /// Those that are only in the bundle.
    pub missing: usize,
    /// Those that are only here.
    pub added: usize,
    /// Those that are in another split or corpus here.
    pub moved_out: usize,
    /// Those that are in another split or corpus in the bundle.
    pub moved_in: usize,
    /// Those with another recording.
    pub other_recording: usize,
    /// Those with another label, speaker or class.
    pub other_facts: usize,
}

/// What a bundle or a listing says of one utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Utterance {
    part: (String, String),
    facts: [String; 3],
    digest: String,
}

/// How the data of a plan differ from those of the bundle in `folder`; nothing where they are the same.
pub fn data_changes(
    plan: &Plan,
    listings: &[(usize, SourceListing)],
    folder: &Path,
) -> Vec<DataChange> {
    let mut changes = Vec::new();
    for (index, listing) in listings {
        let source = plan.steps[*index].id();
        let table = folder.join("data").join(runs_folder(plan, *index));
        let text = regular_file::read_whole_text(&with_ending(&table, ".tsv")).unwrap_or_default();
        let before: BTreeMap<String, Utterance> = text.lines().skip(1).filter_map(row).collect();
        let here: BTreeMap<String, Utterance> = (listing.items.iter())
            .map(|item| {
                let utterance = item.utterance();
                let facts = [
                    &*utterance.speaker,
                    &utterance.label,
                    utterance.class.as_deref().unwrap_or_default(),
                ];
                let known = Utterance {
                    part: (utterance.corpus.clone(), utterance.split.name().into()),
                    facts: facts.map(plain),
                    digest: item.digest.hex(),
                };
                (plain(&utterance.id), known)
            })
            .collect();
        let utterances = before.values().chain(here.values());
        let parts: BTreeSet<&(String, String)> = utterances.map(|known| &known.part).collect();
        for part in parts {
            let change = change(source, part, [&before, &here]);
            changes.extend(change);
        }
    }
    changes
}

/// `path` with `ending` after its name, which may have dots.
fn with_ending(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A cell as it can be in a table.
fn plain(cell: &str) -> String {
    cell.replace(['\t', '\n', '\r'], " ")
}

/// A row of a table of utterances: id, corpus, split, speaker, label, class, digest.
fn row(line: &str) -> Option<(String, Utterance)> {
    let cells: Vec<String> = line
        .split('\t')
        .map(|cell| unguarded(cell).into())
        .collect();
    let [id, corpus, split, speaker, label, class, digest] = <[String; 7]>::try_from(cells).ok()?;
    let known = Utterance {
        part: (corpus, split),
        facts: [speaker, label, class],
        digest,
    };
    Some((id, known))
}

fn change(
    source: &str,
    part: &(String, String),
    [all_before, all_here]: [&BTreeMap<String, Utterance>; 2],
) -> Option<DataChange> {
    let of = |all: &BTreeMap<String, Utterance>| -> BTreeMap<String, Utterance> {
        let own = all.iter().filter(|(_, known)| known.part == *part);
        own.map(|(id, known)| (id.clone(), known.clone())).collect()
    };
    let (before, here) = (of(all_before), of(all_here));
    let shared = || {
        before
            .iter()
            .filter_map(|(id, old)| Some((old, all_here.get(id)?)))
    };
    let elsewhere = || shared().filter(|(old, new)| old.part != new.part);
    let count = |own: &BTreeMap<String, Utterance>, others: &BTreeMap<String, Utterance>| {
        own.keys().filter(|id| !others.contains_key(*id)).count()
    };
    let change = DataChange {
        source: source.into(),
        corpus: part.0.clone(),
        split: part.1.clone(),
        bundle: before.len(),
        here: here.len(),
        missing: count(&before, all_here),
        added: count(&here, all_before),
        moved_out: elsewhere().count(),
        moved_in: (here.iter())
            .filter_map(|(id, new)| Some((all_before.get(id)?, new)))
            .filter(|(old, new)| old.part != new.part)
            .count(),
        other_recording: shared()
            .filter(|(old, new)| old.digest != new.digest)
            .count(),
        other_facts: shared().filter(|(old, new)| old.facts != new.facts).count(),
    };
    let differs = [
        change.missing,
        change.added,
        change.moved_out,
        change.moved_in,
        change.other_recording,
        change.other_facts,
    ];
    differs.iter().any(|count| *count > 0).then_some(change)
}

/// How a complete run, of which `here` is the lock file, compares with the bundle in `folder` that has the lock file
/// `bundled`, where the data are the same.
///
/// # Errors
/// When a record cannot be read.
pub fn verdict(
    plan: &Plan,
    cache: &Cache,
    bundled: &LockFile,
    here: &LockFile,
    listings: &[(usize, SourceListing)],
    folder: &Path,
) -> Result<Verdict, CacheError> {
    let mut steps = Vec::new();
    let mut claimed = Vec::new();
    let mut numbers = Vec::new();
    let mut predictions = Vec::new();
    let known: BTreeMap<&str, _> = bundled.steps.iter().map(|old| (&*old.id, old)).collect();
    for (index, new) in here.steps.iter().enumerate() {
        let old = known.get(&*new.id);
        if let Some(old) = old.filter(|old| (old.key, old.output) == (new.key, new.output)) {
            claimed.extend(number_changes(&new.id, &old.metrics, &new.metrics));
            continue;
        }
        steps.push(new.id.clone());
        if let Some(old) = old {
            numbers.extend(number_changes(&new.id, &old.metrics, &new.metrics));
        }
        if !new.metrics.is_empty() {
            let table = folder.join("results").join(runs_folder(plan, index));
            predictions.extend(prediction_change(cache, &new.id, &new.key, &table)?);
        }
    }
    let gone = bundled
        .steps
        .iter()
        .filter(|old| here.steps.iter().all(|new| new.id != old.id));
    steps.extend(gone.map(|step| step.id.clone()));
    let files = altered_files(plan, cache, bundled, here, listings, folder)?;
    if !files.is_empty() || !claimed.is_empty() {
        let numbers = claimed;
        return Ok(Verdict::Altered { files, numbers });
    }
    Ok(match steps.is_empty() {
        true => Verdict::Identical {
            steps: here.steps.len(),
        },
        false => Verdict::DifferentNumbers {
            steps,
            numbers,
            predictions,
        },
    })
}

/// How the metrics of an evaluation differ.
pub fn number_changes(
    step: &str,
    before: &BTreeMap<String, LockedMetrics>,
    here: &BTreeMap<String, LockedMetrics>,
) -> Vec<NumberChange> {
    let corpora: BTreeSet<&String> = before.keys().chain(here.keys()).collect();
    let values = |metrics: &LockedMetrics| {
        let utterances = Some(metrics.utterances as f64);
        [metrics.ua, metrics.wa, metrics.macro_f1, utterances]
    };
    let mut changes = Vec::new();
    for corpus in corpora {
        let of = |all: &BTreeMap<String, LockedMetrics>| all.get(corpus).map_or([None; 4], values);
        let pairs = of(before).into_iter().zip(of(here));
        for (metric, (bundle, here)) in ["UA", "WA", "macro F1", "utterances"]
            .into_iter()
            .zip(pairs)
        {
            if bundle != here {
                changes.push(NumberChange {
                    step: step.into(),
                    corpus: corpus.clone(),
                    metric,
                    bundle,
                    here,
                });
            }
        }
    }
    changes
}

/// How the predictions of an evaluation compare with those in the bundle's `folder` of it; none where one lacks them.
fn prediction_change(
    cache: &Cache,
    id: &str,
    key: &Digest,
    folder: &Path,
) -> Result<Option<PredictionChange>, CacheError> {
    let before = read_predictions(&folder.join(step::PREDICTIONS)).ok();
    let record = cache.records.get(key)?;
    let here = record.and_then(|record| step::predictions(cache, &record).ok());
    Ok(before.zip(here).map(|(before, here)| {
        let flips = PredictionFlips::of(&before, &here);
        PredictionChange {
            step: id.into(),
            shared: flips.shared,
            changed: flips.flips.len(),
        }
    }))
}
