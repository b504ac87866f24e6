//! Results of which a file is damaged, and all that was made from them: what has to be made again.

use std::collections::{BTreeSet, HashSet};

use pipe_foundation::Digest;

use super::{Cache, CacheError, StepOutput};

/// A result in the cache that cannot be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedResult {
    /// Its key.
    pub key: Digest,
    /// The name of its step, for people.
    pub step: String,
    /// The first of its own files that is damaged; none where it was made from a damaged one.
    pub file: Option<String>,
    /// Where a longer run would continue from it.
    checkpoint: Option<Digest>,
}

/// What of a record decides whether it is concerned.
struct Known {
    result: DamagedResult,
    /// Digests that its fingerprint names: inputs among other things.
    made_from: HashSet<Digest>,
    made: Digest,
}

impl Cache {
    /// Results that have one of the objects `damaged`, then those that were made from them, and so on: no result stands
    /// before one that it was made from.
    ///
    /// # Errors
    /// When records cannot be read.
    pub fn damaged_results(
        &self,
        damaged: &BTreeSet<Digest>,
    ) -> Result<Vec<DamagedResult>, CacheError> {
        if damaged.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let mut others = Vec::new();
        let mut made = HashSet::new();
        for path in self.records.paths()? {
            let Some(record) = self.records.read(&path)?.whole() else {
                continue;
            };
            let file = match &record.output {
                StepOutput::Files(files) => files
                    .files
                    .iter()
                    .find(|file| damaged.contains(&file.digest))
                    .map(|file| file.name.clone()),
                StepOutput::Items { .. } => None,
            };
            let known = Known {
                made_from: (record.fingerprint.0.values())
                    .filter_map(|value| Digest::parse(value))
                    .collect(),
                made: record.output.digest(),
                result: DamagedResult {
                    key: record.fingerprint.key(),
                    step: record.step,
                    file,
                    checkpoint: record.checkpoint,
                },
            };
            match known.result.file {
                Some(_) => {
                    made.insert(known.made);
                    found.push(known.result);
                }
                None => others.push(known),
            }
        }
        loop {
            let is_made_from = |known: &mut Known| !known.made_from.is_disjoint(&made);
            let next: Vec<Known> = others.extract_if(.., is_made_from).collect();
            if next.is_empty() {
                return Ok(found);
            }
            made.extend(next.iter().map(|known| known.made));
            found.extend(next.into_iter().map(|known| known.result));
        }
    }

    /// Removes the objects `damaged` and forgets `results`, which are those that [`Cache::damaged_results`] found of them.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn forget_damaged(
        &self,
        damaged: &BTreeSet<Digest>,
        results: &[DamagedResult],
    ) -> Result<(), CacheError> {
        // Last things first: whatever a kill leaves is found again from what it was made from.
        for result in results.iter().rev() {
            if let Some(checkpoint) = &result.checkpoint {
                self.remove_checkpoint(checkpoint)?;
            }
            self.records.remove(&result.key)?;
        }
        (damaged.iter()).try_for_each(|digest| self.objects.remove(digest))
    }
}

#[cfg(test)]
mod tests {
    use crate::artifact::{FileEntry, FileSet, FingerprintInputs};
    use crate::cache::StepRecord;

    use super::*;

    fn files(content: &str) -> StepOutput {
        StepOutput::Files(FileSet {
            files: vec![FileEntry {
                name: "out".into(),
                digest: Digest::of(content.as_bytes()),
                bytes: content.len() as u64,
            }],
        })
    }

    fn record(step: &str, inputs: &[&str], makes: &str) -> StepRecord {
        let mut fingerprint = FingerprintInputs::default();
        fingerprint.add("kind", step);
        for (number, input) in inputs.iter().enumerate() {
            fingerprint.add(format!("input.{number}"), files(input).digest().hex());
        }
        StepRecord {
            step: step.into(),
            fingerprint,
            output: files(makes),
            seconds: 0.0,
            pipe_version: String::new(),
            cpu: String::new(),
            device: None,
            composition: None,
            step_tag: None,
            checkpoint: None,
        }
    }

    #[test]
    fn all_that_was_made_from_a_damaged_object_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), false).unwrap();
        let records = [
            record("model", &[], "weights"),
            record("twin", &[], "weights"),
            record("other", &[], "other"),
            record("test", &["weights"], "metrics"),
            record("report", &["other", "metrics"], "page"),
            record("apart", &["other"], "apart"),
        ];
        for record in &records {
            cache.records.put(record).unwrap();
        }
        let damaged = BTreeSet::from([Digest::of(b"weights")]);
        let found = cache.damaged_results(&damaged).unwrap();
        let mut steps: Vec<&str> = found.iter().map(|found| found.step.as_str()).collect();
        steps[..2].sort_unstable();
        assert_eq!(steps, ["model", "twin", "test", "report"]);
        let own = found.iter().filter(|found| found.file.is_some()).count();
        assert_eq!(own, 2);
        cache.forget_damaged(&damaged, &found).unwrap();
        let kept = records
            .iter()
            .filter(|record| {
                cache
                    .records
                    .get(&record.fingerprint.key())
                    .unwrap()
                    .is_some()
            })
            .map(|record| record.step.as_str());
        assert_eq!(kept.collect::<Vec<_>>(), ["other", "apart"]);
        assert_eq!(cache.damaged_results(&BTreeSet::new()).unwrap(), []);
    }
}
