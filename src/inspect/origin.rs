//! Where a file comes from: the step that made it, and the chain of steps back to the recordings.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pipe_engine::cache::{Cache, CacheError, Run, StepOutput, StepRecord};
use pipe_foundation::Digest;

/// The step that made a file, in the latest run that has it.
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

/// A step that something was made from.
#[derive(Debug)]
pub struct Ancestor {
    /// Its id.
    pub step: String,
    /// What the cache says of it.
    pub record: StepRecord,
    /// For a source, the recordings that it listed: id and digest.
    pub recordings: Option<BTreeMap<String, Digest>>,
}

/// Where the file with `digest` comes from; one origin for each step that made it.
///
/// # Errors
/// When a record or a run cannot be read.
pub fn origins(cache: &Cache, digest: &Digest) -> Result<Vec<Origin>, CacheError> {
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
    let mut origins = Vec::new();
    for (key, (name, record)) in made {
        let run = latest_with(cache, &key)?;
        let id_of = |run: &Run| {
            let mut steps = run.record.steps.iter();
            steps
                .find(|(_, known)| **known == key)
                .map(|(id, _)| id.clone())
        };
        origins.push(Origin {
            step: run
                .as_ref()
                .and_then(id_of)
                .unwrap_or_else(|| record.step.clone()),
            chain: match &run {
                Some(run) => chain(cache, run, &record)?,
                None => Vec::new(),
            },
            run,
            name,
            record,
        });
    }
    Ok(origins)
}

/// The latest run of any manifest in which a step had `key`.
fn latest_with(cache: &Cache, key: &Digest) -> Result<Option<Run>, CacheError> {
    let mut latest: Option<Run> = None;
    for manifest in cache.runs.manifests()? {
        for run in cache.runs.all(&manifest)? {
            let is_later = latest
                .as_ref()
                .is_none_or(|known| known.record.started_s <= run.record.started_s);
            if is_later && run.record.steps.values().any(|known| known == key) {
                latest = Some(run);
            }
        }
    }
    Ok(latest)
}

/// The steps of `run` that `record` was made from, found by the digests of their outputs.
fn chain(cache: &Cache, run: &Run, record: &StepRecord) -> Result<Vec<Ancestor>, CacheError> {
    let mut by_output: HashMap<String, (String, StepRecord)> = HashMap::new();
    for (id, key) in &run.record.steps {
        if let Some(record) = cache.records.get(key)? {
            by_output.insert(record.output.digest().hex(), (id.clone(), record));
        }
    }
    let mut chain: Vec<Ancestor> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut wanted = inputs(record);
    while !wanted.is_empty() {
        let mut next = Vec::new();
        for digest in wanted {
            let Some((id, record)) = by_output.get(&digest) else {
                continue;
            };
            if !seen.insert(id.clone()) {
                continue;
            }
            next.extend(inputs(record));
            let source = record.fingerprint.0.get("source");
            let recordings = match source.and_then(|source| Digest::parse(source)) {
                Some(source) => cache.listing_at(&run.manifest, id, &source)?,
                None => None,
            };
            chain.push(Ancestor {
                step: id.clone(),
                record: record.clone(),
                recordings,
            });
        }
        wanted = next;
    }
    Ok(chain)
}

/// The digests of what a step took.
fn inputs(record: &StepRecord) -> Vec<String> {
    let inputs = record.fingerprint.0.iter();
    let inputs = inputs.filter(|(name, _)| name.starts_with("input."));
    inputs.map(|(_, digest)| digest.clone()).collect()
}
