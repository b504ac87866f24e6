//! How a reproduction compares with what a bundle holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_engine::cache::{Cache, CacheError};
use pipe_engine::exec::runs_folder;
use pipe_engine::plan::Plan;
use pipe_foundation::Digest;
use pipe_report::eval::read_predictions;
use serde::Serialize;

use crate::inspect::PredictionFlips;
use crate::inspect::step;
use crate::lock::{LockFile, LockedMetrics, lock_path};

use super::altered::altered_files;
use super::contents::{Collected, Contents};
use super::data_change::DataChange;
use super::error::BundleError;

/// How a reproduction compares with a bundle.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Every step depends on the same and made the same, bit for bit.
    Identical {
        /// How many steps.
        steps: usize,
        /// Files of the bundle of which nothing can be said: another version of the program wrote them, or they say something
        /// of the copy of the recordings.
        not_compared: Vec<String>,
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
        /// Files in the bundle that the run makes otherwise, or not at all.
        files: Vec<String>,
        /// Files that the run makes and that are not in the bundle.
        missing: Vec<String>,
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

/// A bundle, and a complete run of the same on the same data.
pub struct Comparison<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The cache of the run.
    pub cache: &'a Cache,
    /// The lock file of the bundle.
    pub bundled: &'a LockFile,
    /// The lock file that the run here would have.
    pub here: &'a LockFile,
    /// What the bundle lists.
    pub contents: &'a Contents,
    /// Where it is unpacked.
    pub folder: &'a Path,
    /// What a bundle of the run here would hold, with the lock file of the bundle.
    pub made: &'a Collected,
}

impl Comparison<'_> {
    /// What comes of it.
    ///
    /// # Errors
    /// When a record or a file cannot be read; also once `interrupted`.
    pub fn verdict(&self, interrupted: &dyn Fn() -> bool) -> Result<Verdict, BundleError> {
        let Self { bundled, here, .. } = *self;
        let mut steps = Vec::new();
        let mut unknown = Vec::new();
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
            let results = runs_folder(self.plan, index);
            let folders = ["results", "features"].into_iter();
            unknown.extend(folders.map(|folder| format!("{folder}/{}/", results.display())));
            if let Some(old) = old {
                numbers.extend(number_changes(&new.id, &old.metrics, &new.metrics));
            }
            if !new.metrics.is_empty() {
                let table = self.folder.join("results").join(&results);
                predictions.extend(prediction_change(self.cache, &new.id, &new.key, &table)?);
            }
        }
        let gone = bundled
            .steps
            .iter()
            .filter(|old| here.steps.iter().all(|new| new.id != old.id));
        steps.extend(gone.map(|step| step.id.clone()));
        let mut files =
            altered_files(self.made, self.contents, self.folder, &unknown, interrupted)?;
        if steps.is_empty() && claimed.is_empty() && !self.is_same_lock() {
            let lock = lock_path(Path::new(&self.contents.manifest));
            files.other.push(lock.display().to_string());
        }
        if !files.other.is_empty() || !files.missing.is_empty() || !claimed.is_empty() {
            return Ok(Verdict::Altered {
                files: files.other,
                missing: files.missing,
                numbers: claimed,
            });
        }
        Ok(match steps.is_empty() {
            true => Verdict::Identical {
                steps: here.steps.len(),
                not_compared: files.not_compared,
            },
            false => Verdict::DifferentNumbers {
                steps,
                numbers,
                predictions,
            },
        })
    }

    /// Whether the lock file of the bundle is that of the run in all that is not of its machine, and the list of the bundle
    /// says the same.
    fn is_same_lock(&self) -> bool {
        let bundled = self.bundled;
        let here = LockFile {
            manifest: bundled.manifest.clone(),
            set: bundled.set.clone(),
            limits: bundled.limits.clone(),
            made_by: bundled.made_by.clone(),
            ..self.here.clone()
        };
        let Contents {
            name, set, made_by, ..
        } = self.contents;
        here == *bundled && (name, set, made_by) == (&here.manifest, &here.set, &here.made_by)
    }
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
