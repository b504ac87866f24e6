//! The steps that a result was made from, and which utterances each had a part of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pipe_engine::cache::{Cache, CacheError, Run, StepOutput, StepRecord};
use pipe_foundation::Digest;
use pipe_speech::corpus::Split;

use pipe_stages::stage::TRAIN;

/// A step that something was made from.
#[derive(Debug)]
pub struct Ancestor {
    /// Its id.
    pub step: String,
    /// What the cache says of it.
    pub record: StepRecord,
    /// The splits of its utterances that had a part: a model is not trained on those of the test.
    pub splits: BTreeSet<Split>,
    /// For a source, the recordings that it listed: id and digest.
    pub recordings: Option<BTreeMap<String, Digest>>,
}

/// The steps of `run` that `record` was made from, nearest first: found by the digests of their outputs, or by name where
/// only what they list was looked at.
///
/// # Errors
/// When a record or a listing cannot be read.
pub fn ancestors(
    cache: &Cache,
    run: &Run,
    record: &StepRecord,
) -> Result<Vec<Ancestor>, CacheError> {
    let mut by_output: HashMap<String, (&str, StepRecord)> = HashMap::new();
    let mut by_id: HashMap<&str, StepRecord> = HashMap::new();
    for (id, key) in &run.record.steps {
        if let Some(record) = cache.records.get(key)? {
            by_output.insert(record.output.digest().hex(), (id, record.clone()));
            by_id.insert(id, record);
        }
    }
    let mut chain: Vec<Ancestor> = Vec::new();
    let mut wanted = vec![(record.clone(), splits_of(record).unwrap_or_else(all_splits))];
    while !wanted.is_empty() {
        let mut next = Vec::new();
        for (record, splits) in wanted {
            for (name, value) in &record.fingerprint.0 {
                let found = match name {
                    name if name.starts_with("input.") => {
                        let found = by_output.get(value);
                        found.map(|(id, record)| (*id, record))
                    }
                    name if name.starts_with("audited.") => by_id
                        .get_key_value(value.as_str())
                        .map(|(id, record)| (*id, record)),
                    _ => None,
                };
                let Some((id, found)) = found else {
                    continue;
                };
                let own = splits_of(found);
                let known = chain.iter_mut().find(|known| known.step == id);
                let is_new = match known {
                    Some(known) => {
                        let before = known.splits.len();
                        known.splits.extend(&splits);
                        known.splits.len() > before
                    }
                    None => {
                        let source = found.fingerprint.0.get("source");
                        let recordings = match source.and_then(|source| Digest::parse(source)) {
                            Some(source) => cache.listing_at(&run.manifest, id, &source)?,
                            None => None,
                        };
                        chain.push(Ancestor {
                            step: id.to_owned(),
                            record: found.clone(),
                            splits: splits.clone(),
                            recordings,
                        });
                        true
                    }
                };
                if is_new {
                    next.push((found.clone(), own.unwrap_or_else(|| splits.clone())));
                }
            }
        }
        wanted = next;
    }
    Ok(chain)
}

fn all_splits() -> BTreeSet<Split> {
    Split::ALL.into_iter().collect()
}

/// The splits that a step takes of its inputs; none where it takes what those after it take.
fn splits_of(record: &StepRecord) -> Option<BTreeSet<Split>> {
    let value = |name: &str| record.fingerprint.0.get(name).map(String::as_str);
    match &record.output {
        StepOutput::Items { .. } => None,
        StepOutput::Files(_) if value("kind") == Some(TRAIN) => {
            Some([Split::Train, Split::Validation].into())
        }
        StepOutput::Files(_) => serde_json::from_str(value("parameters.splits")?).ok(),
    }
}
