//! The runs of one manifest as a history of its steps, searched from the latest run on.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::system::System;

use super::error::CacheError;
use super::run_file;

/// The keys that steps had, each record read once, and only when it is needed.
#[derive(Debug)]
pub struct RunHistory {
    system: Arc<dyn System>,
    /// Records not read yet, the latest last.
    unread: Vec<PathBuf>,
    /// Per step, its keys from the latest on, with the start of the latest of the runs in a row that had them.
    keys: HashMap<String, Vec<(Digest, u64)>>,
}

impl RunHistory {
    /// The history in the records at `files`, the latest last.
    pub(super) fn new(system: Arc<dyn System>, files: Vec<PathBuf>) -> Self {
        Self {
            system,
            unread: files,
            keys: HashMap::new(),
        }
    }

    /// What `wanted` makes of a key that `step` had, and of the start of that run in seconds since 1970; the first that
    /// it makes anything of.
    ///
    /// # Errors
    /// When a record cannot be read, and those of `wanted`.
    pub fn find<T>(
        &mut self,
        step: &str,
        mut wanted: impl FnMut(&Digest, u64) -> Result<Option<T>, CacheError>,
    ) -> Result<Option<T>, CacheError> {
        let mut asked = 0;
        loop {
            let known = self.keys.get(step).map_or(&[][..], Vec::as_slice);
            for (key, started_s) in &known[asked..] {
                if let Some(found) = wanted(key, *started_s)? {
                    return Ok(Some(found));
                }
            }
            asked = known.len();
            if !self.read_next()? {
                return Ok(None);
            }
        }
    }

    /// False once all records are read; one that is not whole says nothing.
    fn read_next(&mut self) -> Result<bool, CacheError> {
        let Some(path) = self.unread.pop() else {
            return Ok(false);
        };
        let Some(record) = run_file::read(&*self.system, &path)?.whole() else {
            return Ok(true);
        };
        for (step, key) in record.steps {
            let known = self.keys.entry(step).or_default();
            if known.last().is_none_or(|(later, _)| *later != key) {
                known.push((key, record.started_s));
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::run_record::RunRecord;
    use pipe_foundation::system::RealSystem;

    use super::*;

    #[test]
    fn records_are_read_once_and_only_as_far_back_as_needed() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str| Digest::of(text.as_bytes());
        let files: Vec<PathBuf> = (1..=4)
            .map(|number| folder.path().join(format!("{number}.json")))
            .collect();
        for (started_s, (path, key)) in files.iter().zip(["a", "b", "b", "c"]).enumerate() {
            let record = RunRecord {
                started_s: started_s as u64,
                steps: BTreeMap::from([("x".into(), of(key)), ("y".into(), of("y"))]),
                ..RunRecord::default()
            };
            run_file::write(&RealSystem, path, &record).unwrap();
        }
        let mut history = RunHistory::new(Arc::new(RealSystem), files.clone());
        let mut other_than = |step: &str, now: &str| {
            let found = history.find(step, |key, started_s| {
                Ok((*key != of(now)).then_some((*key, started_s)))
            });
            (found.unwrap(), history.unread.len())
        };
        assert_eq!(other_than("x", "d"), (Some((of("c"), 3)), 3));
        // Of the runs with the same key, the latest.
        assert_eq!(other_than("x", "c"), (Some((of("b"), 2)), 2));
        assert_eq!(other_than("y", "y"), (None, 0));
        files
            .iter()
            .for_each(|path| std::fs::remove_file(path).unwrap());
        assert_eq!(other_than("x", "d"), (Some((of("c"), 3)), 0));
        assert_eq!(other_than("z", "z"), (None, 0));
    }
}
