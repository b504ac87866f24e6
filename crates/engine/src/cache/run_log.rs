//! The log of a run in progress: what is written of it, and when.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;

use crate::program;

use super::error::CacheError;
use super::lock::Lock;
use super::run_decisions::RunDecisions;
use super::run_file::{self, StepStart, log_of};
use super::run_record::{Ending, RunRecord, now_s};
use super::runs::Runs;

/// Writes what becomes of one run, so that also a killed one is remembered.
///
/// A run has a record from the moment when a step begins that keeps its work, such as a training: what belongs to
/// it must not be pruned. Other runs are recorded at their end, and those that repeat the latest one not at all: a
/// name such as `demo~1` then always means results that were different.
pub struct RunLog<'a> {
    runs: &'a Runs,
    name: String,
    open: Mutex<Open>,
    decisions: Mutex<RunDecisions>,
    /// Whether its decisions are kept though it repeats the run before.
    has_repaired: AtomicBool,
}

struct Open {
    place: Option<(u64, Lock)>,
    /// False until the record is written for the first time.
    is_written: bool,
    record: RunRecord,
}

impl Runs {
    /// The log of a run on `device` that begins now. Nothing is written yet.
    pub fn log(&self, name: &str, manifest: &str, device: &str) -> RunLog<'_> {
        let record = RunRecord {
            started_s: now_s(&*self.system),
            manifest: manifest.into(),
            pipe_version: Some(program::version().into()),
            device: Some(device.to_string()),
            ending: Ending::Open,
            ..RunRecord::default()
        };
        RunLog::new(self, name, record)
    }
}

impl<'a> RunLog<'a> {
    /// The log of the run of the manifest `name` whose start `record` holds.
    fn new(runs: &'a Runs, name: &str, record: RunRecord) -> Self {
        Self {
            runs,
            name: name.into(),
            open: Mutex::new(Open {
                place: None,
                is_written: false,
                record,
            }),
            decisions: Mutex::new(RunDecisions::new(runs.system.clone())),
            has_repaired: AtomicBool::new(false),
        }
    }

    /// Adds a line to the log of the run, given without its line break.
    pub fn decided(&self, line: &str) {
        self.decisions().add(line);
    }

    /// The run has made again what was damaged: should it come to the same as the run before, its log is kept with that of
    /// this one.
    pub fn has_repaired(&self) {
        self.has_repaired.store(true, Ordering::Relaxed);
    }

    /// Ends the log of a run that repeats the one at `before`; `own` is its own log, if it has one.
    fn end_repeated(&self, before: &Path, own: Option<&Path>) {
        let mut decisions = self.decisions();
        match self.has_repaired.load(Ordering::Relaxed) {
            true => decisions.continue_in(before, own),
            false => decisions.end_unrecorded(),
        }
    }

    /// Why the log of the run is not whole, if it is not; the second call finds nothing.
    pub fn take_lost(&self) -> Option<std::io::Error> {
        self.decisions().take_lost()
    }

    fn decisions(&self) -> MutexGuard<'_, RunDecisions> {
        lock(&self.decisions)
    }

    /// A step begins that keeps its work, under the key `kept`.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn record_start(&self, step: &str, key: Digest, kept: Digest) -> Result<(), CacheError> {
        let mut open = lock(&self.open);
        open.record.unfinished.insert(step.into(), key);
        if kept != key {
            open.record.kept.insert(step.into(), kept);
        }
        let number = match &open.place {
            Some((number, _)) => *number,
            None => {
                let place = self.runs.reserve(&self.name)?;
                open.place.insert(place).0
            }
        };
        let path = self.runs.path(&self.name, number);
        if open.is_written {
            let start = StepStart {
                step: step.into(),
                key,
                kept: (kept != key).then_some(kept),
            };
            return run_file::append(&*self.runs.system, &path, &start);
        }
        run_file::write(&*self.runs.system, &path, &open.record)?;
        open.is_written = true;
        self.decisions().begin(&path);
        Ok(())
    }

    /// The run is over. `ended` holds what became of the steps; the rest is known. `on_recorded` sees to it that the results
    /// under keys that the run before did not have are on disk, since what is remembered must not outlive them.
    ///
    /// # Errors
    /// Those of `on_recorded`; when the record cannot be written, or an earlier one not be read; this run is then remembered
    /// all the same.
    pub fn end(
        &self,
        ended: RunRecord,
        on_recorded: impl FnOnce(&HashSet<Digest>) -> Result<(), CacheError>,
    ) -> Result<(), CacheError> {
        let Self { runs, name, .. } = self;
        let (place, record) = {
            let mut open = lock(&self.open);
            (open.place.take(), std::mem::take(&mut open.record))
        };
        let mut unfinished = record.unfinished;
        unfinished.retain(|step, _| !ended.steps.contains_key(step));
        let mut kept = record.kept;
        kept.retain(|step, _| unfinished.contains_key(step));
        let record = RunRecord {
            started_s: record.started_s,
            manifest: record.manifest,
            pipe_version: record.pipe_version,
            device: record.device,
            unfinished,
            kept,
            ..ended
        };
        let own = place.as_ref().map(|(number, _)| *number);
        let (before, unreadable) = match runs.latest_but(name, own) {
            Ok(before) => (before, None),
            Err(error) => (None, Some(error)),
        };
        let mut new: HashSet<Digest> = record.steps.values().copied().collect();
        let earlier = before.iter().flat_map(|(_, before)| before.steps.values());
        for known in earlier {
            new.remove(known);
        }
        if !new.is_empty() {
            on_recorded(&new)?;
        }
        let nothing = record.steps.is_empty() && record.failed.is_empty();
        let (number, lock) = match (place, before) {
            (Some((number, lock)), Some((before, known))) if record.repeats(&known) => {
                let path = runs.path(name, number);
                self.end_repeated(&before, Some(&log_of(&path)));
                let _ = runs.system.remove_file(&log_of(&path));
                let removed = runs.system.remove_file(&path);
                lock.release(&*runs.system, &runs.lock_path(name, number));
                return removed.map_err(|error| CacheError::write(&path, error));
            }
            (Some(place), _) => place,
            (None, Some((before, known))) if record.repeats(&known) => {
                self.end_repeated(&before, None);
                return Ok(());
            }
            (None, _) if nothing => {
                self.decisions().end_unrecorded();
                return Ok(());
            }
            (None, _) => runs.reserve(name)?,
        };
        let path = runs.path(name, number);
        run_file::write(&*runs.system, &path, &record)?;
        self.decisions().begin(&path);
        lock.release(&*runs.system, &runs.lock_path(name, number));
        unreadable.map_or(Ok(()), Err)
    }
}
