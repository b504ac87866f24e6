//! Where a file comes from: the step that made it, and the chain of steps back to the recordings.

use std::collections::BTreeMap;
use std::path::Path;

use pipe_engine::cache::{Cache, CacheError, Run, StepOutput, StepRecord};
use pipe_foundation::Digest;

use super::ancestors::{Ancestor, ancestors};
use super::place::Place;

/// The step that made a file, in a run that has it.
#[derive(Debug)]
pub struct Origin {
    /// The run; none where no run that is remembered has the step.
    pub run: Option<Run>,
    /// The step's id in that run, or what it was called when it ran.
    pub step: String,
    /// The name of the file in the step's result.
    pub name: String,
    /// What the cache says of the step.
    pub record: StepRecord,
    /// The steps that it was made from, nearest first.
    pub chain: Vec<Ancestor>,
}

/// Where the file at `path`, which has `digest`, comes from; one origin for each step that made it. Of several runs that
/// have it, that is meant which has put it there, or else the latest of the nearest manifest.
///
/// # Errors
/// When a record or a run cannot be read.
pub fn origins(cache: &Cache, path: &Path, digest: &Digest) -> Result<Vec<Origin>, CacheError> {
    let mut made: BTreeMap<Digest, (String, StepRecord)> = BTreeMap::new();
    for path in cache.records.paths()? {
        let Some(record) = cache.records.read(&path)?.whole() else {
            continue;
        };
        let StepOutput::Files(files) = &record.output else {
            continue;
        };
        if let Some(file) = files.files.iter().find(|file| file.digest == *digest) {
            made.insert(record.fingerprint.key(), (file.name.clone(), record));
        }
    }
    let place = Place::of(cache, path)?;
    let runs = all_runs(cache)?;
    // Tables and pages are written for people, and are in no result.
    for (manifest, file) in place.tables_and_pages(digest) {
        let of_it = runs.iter().filter(|run| run.manifest == manifest);
        let latest = of_it.max_by_key(|run| run.record.started_s);
        let Some(key) = latest.and_then(|run| run.record.steps.get(&file.step)) else {
            continue;
        };
        if let Some(record) = cache.records.get(key)? {
            let name = Path::new(&file.name).file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            made.entry(*key).or_insert((name, record));
        }
    }
    let mut origins = Vec::new();
    for (key, (name, record)) in made {
        let has_key = |run: &&Run| run.record.steps.values().any(|known| *known == key);
        let rank = |run: &&Run| (place.nearness(&run.manifest), run.record.started_s);
        let run = runs.iter().filter(has_key).max_by_key(rank).cloned();
        let id = run.as_ref().and_then(|run| {
            let mut steps = run.record.steps.iter();
            steps.find(|(_, known)| **known == key)
        });
        origins.push(Origin {
            step: id.map_or_else(|| record.step.clone(), |(id, _)| id.clone()),
            chain: match &run {
                Some(run) => ancestors(cache, run, &record)?,
                None => Vec::new(),
            },
            run,
            name,
            record,
        });
    }
    Ok(origins)
}

fn all_runs(cache: &Cache) -> Result<Vec<Run>, CacheError> {
    let mut runs = Vec::new();
    for manifest in cache.runs.manifests()? {
        runs.extend(cache.runs.all(&manifest)?);
    }
    Ok(runs)
}
