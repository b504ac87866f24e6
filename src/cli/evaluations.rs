//! Evaluations of a model, for its card: given as files, or found in the cache by the model's digest.

use std::path::{Path, PathBuf};

use pipe_engine::cache::{CacheError, StepOutput};
use pipe_engine::manifest::Limits;
use pipe_foundation::Digest;
use pipe_foundation::regular_file;
use pipe_report::ReportEntry;
use pipe_report::eval::Evaluation;
use walkdir::WalkDir;

use pipe_stages::card::CardEvaluation;
use pipe_stages::stage::EVALUATION_ENTRY;

use super::arguments::Common;
use super::context;
use super::error::CliError;

/// What `evaluate` calls its metrics.
const METRICS: &str = "metrics.json";

/// The evaluations in files, and in all files called `metrics.json` below folders.
pub fn given(paths: &[PathBuf], limits: &Limits) -> Result<Vec<CardEvaluation>, CliError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(read(path, limits)?);
            continue;
        }
        let before = found.len();
        let entries = WalkDir::new(path).follow_links(true).sort_by_file_name();
        for entry in entries.into_iter().flatten() {
            if entry.file_type().is_file() && entry.file_name() == METRICS {
                found.push(read(entry.path(), limits)?);
            }
        }
        if found.len() == before {
            return Err(CliError::Usage {
                message: format!("{} has no {METRICS}", path.display()),
                help: "give the folder of an evaluate step under runs/, or its metrics.json".into(),
            });
        }
    }
    Ok(found)
}

fn read(path: &Path, limits: &Limits) -> Result<CardEvaluation, CliError> {
    let text = regular_file::read_given(path, limits.file_bytes);
    let text = text.map_err(|reason| CliError::Usage {
        message: format!("cannot read {}: {reason}", path.display()),
        help: "give a metrics.json that an evaluate step wrote".into(),
    })?;
    let evaluation: Evaluation =
        serde_json::from_slice(&text).map_err(|reason| CliError::Usage {
            message: format!("{} is not an evaluation: {reason}", path.display()),
            help: "give a metrics.json that an evaluate step wrote".into(),
        })?;
    Ok(CardEvaluation {
        name: path.display().to_string(),
        of_this_file: false,
        evaluation,
        leaks: Vec::new(),
    })
}

/// The evaluations that the cache holds of the model file with `digest`: those whose recorded input it is.
pub fn of_model(common: &Common, digest: &Digest) -> Result<Vec<CardEvaluation>, CliError> {
    let cache = context::cache_to_read(common, false)?;
    let mut records = Vec::new();
    for path in cache.records.paths()? {
        records.extend(cache.records.read(&path)?.whole());
    }
    let files = |output: &StepOutput| match output {
        StepOutput::Files(files) => Some(files.clone()),
        StepOutput::Items { .. } => None,
    };
    let models: Vec<String> = records
        .iter()
        .filter_map(|record| files(&record.output))
        .filter(|files| {
            let model = files.get("model.safetensors");
            model.is_some_and(|file| file.digest == *digest)
        })
        .map(|files| files.digest().hex())
        .collect();
    let mut found: Vec<CardEvaluation> = Vec::new();
    for record in &records {
        let fingerprint = &record.fingerprint.0;
        let of_model = fingerprint
            .get("input.model")
            .is_some_and(|d| models.contains(d));
        if fingerprint
            .get("kind")
            .is_none_or(|kind| kind != "evaluate")
            || !of_model
        {
            continue;
        }
        let Some(entry) =
            files(&record.output).and_then(|files| files.get(EVALUATION_ENTRY).cloned())
        else {
            continue;
        };
        // What is damaged on disk is not evidence.
        let Some(path) = cache.objects.open(&entry.digest)? else {
            continue;
        };
        let text =
            regular_file::read_whole(&path).map_err(|error| CacheError::read(&path, error))?;
        let Ok(entry) = serde_json::from_slice::<ReportEntry>(&text) else {
            continue;
        };
        if found
            .iter()
            .all(|other| other.evaluation != entry.evaluation)
        {
            found.push(CardEvaluation {
                name: record.step.clone(),
                of_this_file: true,
                evaluation: entry.evaluation,
                leaks: entry.leaks,
            });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
