//! One step of a remembered run, and the files it made.

use std::path::PathBuf;
use std::sync::Arc;

use pipe_engine::artifact::FileEntry;
use pipe_engine::cache::{Cache, CacheError, Run, StepOutput, StepRecord};
use pipe_foundation::Digest;
use pipe_foundation::regular_file;
use pipe_nn::model::Model;
use pipe_nn::train::EpochRecord;
use pipe_report::eval::{Predictions, read_predictions};
use serde::de::DeserializeOwned;

/// One step of a remembered run.
#[derive(Clone, Debug)]
pub struct StepOfRun {
    /// The run.
    pub run: Arc<Run>,
    /// The step's id.
    pub id: String,
}

/// The stage of a step: its id without matrix values.
pub fn stage_of(id: &str) -> &str {
    id.split_once('[').map_or(id, |(stage, _)| stage)
}

impl StepOfRun {
    /// Ids of all steps of a run, done or not, sorted.
    pub fn ids(run: &Run) -> Vec<String> {
        let record = &run.record;
        let done = record.steps.keys().chain(record.failed.keys());
        let mut ids: Vec<String> = done
            .chain(&record.not_run)
            .chain(record.unfinished.keys())
            .cloned()
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// The step's key, where it was done, or started and kept its work.
    pub fn key(&self) -> Option<Digest> {
        let record = &self.run.record;
        let key = record.steps.get(&self.id);
        key.or_else(|| record.unfinished.get(&self.id)).copied()
    }

    /// What the cache says of the step; none where it was not done or the record is gone.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn record(&self, cache: &Cache) -> Result<Option<StepRecord>, CacheError> {
        match self.key() {
            Some(key) => cache.records.get(&key),
            None => Ok(None),
        }
    }
}

/// The file called `name` that a step made.
pub fn file<'r>(record: &'r StepRecord, name: &str) -> Option<&'r FileEntry> {
    match &record.output {
        StepOutput::Files(files) => files.get(name),
        StepOutput::Items { .. } => None,
    }
}

/// Where a file of a step is, if its content is what it should be.
///
/// # Errors
/// A lower-case fragment that says what is missing.
fn path_of(cache: &Cache, record: &StepRecord, name: &str) -> Result<PathBuf, String> {
    let entry = file(record, name).ok_or_else(|| format!("{} has no {name}", record.step))?;
    match cache.objects.open(&entry.digest) {
        Ok(Some(path)) => Ok(path),
        Ok(None) => Err(match cache.objects.path(&entry.digest).exists() {
            true => format!("{name} of {} is damaged in the cache", record.step),
            false => format!("{name} of {} is no longer in the cache", record.step),
        }),
        Err(error) => Err(format!("{name} of {} cannot be used: {error}", record.step)),
    }
}

/// A JSON file that a step made.
///
/// # Errors
/// What is missing, as a lower-case fragment; also when the file is of another version.
pub fn json<T: DeserializeOwned>(
    cache: &Cache,
    record: &StepRecord,
    name: &str,
) -> Result<T, String> {
    let path = path_of(cache, record, name)?;
    let text =
        regular_file::read_whole(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
    serde_json::from_slice(&text)
        .map_err(|error| format!("cannot parse {name} of {}: {error}", record.step))
}

/// The epochs of a training.
///
/// # Errors
/// What is missing, as a lower-case fragment; also when a line is of another version.
pub fn history(cache: &Cache, record: &StepRecord) -> Result<Vec<EpochRecord>, String> {
    const NAME: &str = "history.jsonl";
    let path = path_of(cache, record, NAME)?;
    let text = regular_file::read_whole_text(&path)
        .map_err(|error| format!("cannot read {NAME}: {error}"))?;
    let line = |line: &str| serde_json::from_str(line);
    let epochs: Result<Vec<EpochRecord>, _> = text.lines().map(line).collect();
    epochs.map_err(|error| format!("cannot parse {NAME} of {}: {error}", record.step))
}

/// The file with the predictions of an evaluation.
pub const PREDICTIONS: &str = "predictions.csv";

/// The predictions of an evaluation.
///
/// # Errors
/// What is missing, as a lower-case fragment; also when the table makes no sense.
pub fn predictions(cache: &Cache, record: &StepRecord) -> Result<Predictions, String> {
    let path = path_of(cache, record, PREDICTIONS)?;
    read_predictions(&path).map_err(|error| error.to_string())
}

/// Names of the classes that the model of a training distinguishes, in the order of its outputs.
///
/// # Errors
/// What is missing, as a lower-case fragment; also when the model cannot be read.
pub fn classes(cache: &Cache, record: &StepRecord) -> Result<Vec<String>, String> {
    let path = path_of(cache, record, "model.safetensors")?;
    let config = Model::read_config(&path).map_err(|error| error.to_string())?;
    Ok(config.classes)
}
