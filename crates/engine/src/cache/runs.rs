//! The memory of runs: which key each step had, so that the next run can say what changed.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};

use crate::file_name::{file_name, id_of};

use super::checksummed::Stored;
use super::error::CacheError;
use super::folder;
use super::lock::Lock;
use super::run_file;
use super::run_history::RunHistory;
use super::run_log::{RunLog, release};

/// The name of the processor as a device.
const PROCESSOR: &str = "cpu";

/// One run of a manifest. Fields with a default are missing in records of earlier versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Seconds since 1970 at the start.
    pub started_s: u64,
    /// The manifest's path as it was given.
    pub manifest: String,
    /// Key of each step that was done.
    pub steps: BTreeMap<String, Digest>,
    /// What went wrong in each step that failed.
    #[serde(default)]
    pub failed: BTreeMap<String, String>,
    /// Steps that did not run, in the order of the plan.
    #[serde(default)]
    pub not_run: Vec<String>,
    /// Keys of steps that keep their work while they run, and were started but not finished.
    #[serde(default)]
    pub unfinished: BTreeMap<String, Digest>,
    /// Keys under which those steps keep their work, where these are not their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, Digest>,
    /// Wall time in seconds; none while the run is in progress and after a kill.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// Version of `pipe` that ran it.
    #[serde(default)]
    pub pipe_version: Option<String>,
    /// The device that trainings and evaluations were to compute on.
    #[serde(default)]
    pub device: Option<String>,
    /// How it ended.
    #[serde(default)]
    pub ending: Ending,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// It came to its end.
    #[default]
    Ended,
    /// The user stopped it.
    Stopped,
    /// It is in progress, or was killed.
    Open,
}

impl RunRecord {
    /// True when every step of the manifest was done.
    pub fn is_complete(&self) -> bool {
        self.ending == Ending::Ended && self.failed.is_empty() && self.not_run.is_empty()
    }

    /// The device in words that follow others, where it was not the processor: `, on cuda:0`.
    pub fn on_device(&self) -> String {
        let device = self.device.iter();
        let mut device = device.filter(|device| **device != PROCESSOR);
        device
            .next()
            .map_or_else(String::new, |device| format!(", on {device}"))
    }

    /// Every key that the run had or was about to make.
    pub fn keys(&self) -> impl Iterator<Item = &Digest> {
        let begun = self.unfinished.values().chain(self.kept.values());
        self.steps.values().chain(begun)
    }

    /// True when a run records nothing that `earlier` does not.
    pub(super) fn repeats(&self, earlier: &Self) -> bool {
        self.steps == earlier.steps
            && self.failed == earlier.failed
            && self.not_run == earlier.not_run
            && self.ending == earlier.ending
    }
}

/// A remembered run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Name of the manifest.
    pub manifest: String,
    /// Its number among the runs of the manifest.
    pub number: u64,
    /// What is remembered.
    pub record: RunRecord,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.manifest, self.number)
    }
}

/// The runs of one cache.
#[derive(Debug)]
pub struct Runs {
    folder: PathBuf,
    locks: PathBuf,
}

impl Runs {
    /// The runs remembered in `folder`; those in progress hold a lock in `locks`.
    pub fn new(folder: PathBuf, locks: PathBuf) -> Self {
        Self { folder, locks }
    }

    /// The log of a run on `device` that begins now. Nothing is written yet.
    pub fn log(&self, name: &str, manifest: &str, device: &str) -> RunLog<'_> {
        let record = RunRecord {
            started_s: now_s(),
            manifest: manifest.into(),
            pipe_version: Some(env!("CARGO_PKG_VERSION").into()),
            device: Some(device.to_string()),
            ending: Ending::Open,
            ..RunRecord::default()
        };
        RunLog::new(self, name, record)
    }

    /// Names of all manifests that have runs, sorted.
    ///
    /// # Errors
    /// When a folder of runs cannot be read.
    pub fn manifests(&self) -> Result<Vec<String>, CacheError> {
        let mut names = Vec::new();
        for path in folder::entries(&self.folder)? {
            let name = path.file_name().and_then(|name| id_of(name.to_str()?));
            if let Some(name) = name
                && is_folder(&path)?
                && !self.of(&name)?.is_empty()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The latest run of the manifest called `name` that has a whole record.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn latest(&self, name: &str) -> Result<Option<Run>, CacheError> {
        for (number, path) in self.of(name)?.into_iter().rev() {
            if let Some(run) = run(name, number, &path)? {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    /// All runs of the manifest called `name` that have a whole record, oldest first.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn all(&self, name: &str) -> Result<Vec<Run>, CacheError> {
        let mut runs = Vec::new();
        for (number, path) in self.of(name)? {
            runs.extend(run(name, number, &path)?);
        }
        Ok(runs)
    }

    /// The runs of the manifest called `name`, to be searched from the latest on.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub fn history(&self, name: &str) -> Result<RunHistory, CacheError> {
        let files = self.of(name)?.into_iter();
        Ok(RunHistory::new(files.map(|(_, path)| path).collect()))
    }

    /// True while the process that does the run lives.
    ///
    /// # Errors
    /// When its lock cannot be tried.
    pub fn is_going_on(&self, run: &Run) -> Result<bool, CacheError> {
        let path = self.lock_path(&run.manifest, run.number);
        // Trying a lock makes its file.
        let may_be = run.record.ending == Ending::Open && folder::is_there(&path)?;
        Ok(may_be && Lock::try_take(&path)?.is_none())
    }

    /// Moves the runs remembered under the name `from` that `made_here` takes for its own, by the path in their record,
    /// to the name `to`. They keep their numbers where these are free.
    ///
    /// # Errors
    /// When a record cannot be moved.
    pub fn adopt(
        &self,
        to: &str,
        from: &str,
        made_here: impl Fn(&str) -> bool,
    ) -> Result<(), CacheError> {
        for run in self.all(from)? {
            if !made_here(&run.record.manifest) || self.is_going_on(&run)? {
                continue;
            }
            let before = self.path(from, run.number);
            let (number, lock) = self.reserve_from(to, run.number)?;
            let after = self.path(to, number);
            let moved = std::fs::create_dir_all(self.folder_of(to))
                .and_then(|()| std::fs::rename(&before, &after));
            release(&self.lock_path(to, number), lock);
            match moved {
                // Another run has moved it meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                moved => moved.map_err(|error| CacheError::write(&after, error))?,
            }
        }
        // Only an empty folder goes.
        let _ = std::fs::remove_dir(self.folder_of(from));
        Ok(())
    }

    /// Paths of the records of all manifests.
    ///
    /// # Errors
    /// When a folder of runs cannot be read.
    pub fn paths(&self) -> Result<Vec<PathBuf>, CacheError> {
        let mut paths = Vec::new();
        for name in self.manifests()? {
            paths.extend(self.of(&name)?.into_iter().map(|(_, path)| path));
        }
        Ok(paths)
    }

    /// Where the record of a run is.
    pub fn path(&self, name: &str, number: u64) -> PathBuf {
        self.folder_of(name).join(format!("{number:06}.json"))
    }

    fn folder_of(&self, name: &str) -> PathBuf {
        self.folder.join(file_name(name))
    }

    pub(super) fn lock_path(&self, name: &str, number: u64) -> PathBuf {
        self.locks.join(file_name(&format!("run-{name}-{number}")))
    }

    /// Numbers and files of the runs of the manifest called `name`, oldest first.
    pub(super) fn of(&self, name: &str) -> Result<Vec<(u64, PathBuf)>, CacheError> {
        let mut runs: Vec<(u64, PathBuf)> = folder::entries(&self.folder_of(name))?
            .into_iter()
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .filter_map(|path| Some((path.file_stem()?.to_str()?.parse().ok()?, path)))
            .collect();
        runs.sort();
        Ok(runs)
    }

    /// The record of the latest run of the manifest called `name` whose number is not `own`.
    pub(super) fn latest_but(
        &self,
        name: &str,
        own: Option<u64>,
    ) -> Result<Option<RunRecord>, CacheError> {
        let others = self.of(name)?.into_iter().rev();
        for (_, path) in others.filter(|(number, _)| Some(*number) != own) {
            if let Stored::Whole(record) = run_file::read(&path)? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// A number that no other run has, held as long as the lock.
    pub(super) fn reserve(&self, name: &str) -> Result<(u64, Lock), CacheError> {
        let next = self.of(name)?.last().map_or(1, |(number, _)| number + 1);
        self.reserve_from(name, next)
    }

    /// The first free number from `number` on, held as long as the lock.
    fn reserve_from(&self, name: &str, mut number: u64) -> Result<(u64, Lock), CacheError> {
        loop {
            if let Some(lock) = Lock::try_take(&self.lock_path(name, number))?
                && !folder::is_there(&self.path(name, number))?
            {
                return Ok((number, lock));
            }
            number += 1;
        }
    }
}

fn run(name: &str, number: u64, path: &Path) -> Result<Option<Run>, CacheError> {
    let record = run_file::read(path)?.whole();
    Ok(record.map(|record| Run {
        manifest: name.into(),
        number,
        record,
    }))
}

fn is_folder(path: &Path) -> Result<bool, CacheError> {
    match path.metadata() {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CacheError::read(path, error)),
    }
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "shows people when a run was; no result depends on it"
)]
pub(super) fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(folder: &Path) -> Runs {
        std::fs::create_dir_all(folder.join("locks")).unwrap();
        Runs::new(folder.join("runs"), folder.join("locks"))
    }

    fn done(step: &str, text: &str) -> RunRecord {
        RunRecord {
            steps: BTreeMap::from([(step.into(), Digest::of(text.as_bytes()))]),
            ..RunRecord::default()
        }
    }

    #[test]
    fn a_run_that_repeats_the_latest_is_not_remembered_again() {
        let folder = tempfile::tempdir().unwrap();
        let runs = runs(folder.path());
        for text in ["a", "a", "b", "a"] {
            runs.log("demo", "demo.toml", "cpu")
                .end(done("x", text))
                .unwrap();
        }
        let numbers: Vec<u64> = runs
            .all("demo")
            .unwrap()
            .iter()
            .map(|run| run.number)
            .collect();
        assert_eq!(numbers, [1, 2, 3]);
        let failed = RunRecord {
            failed: BTreeMap::from([("y".into(), "broken".into())]),
            ..done("x", "a")
        };
        runs.log("demo", "demo.toml", "cpu").end(failed).unwrap();
        assert_eq!(runs.latest("demo").unwrap().unwrap().to_string(), "demo:4");
        runs.log("empty", "empty.toml", "cpu")
            .end(RunRecord::default())
            .unwrap();
        assert_eq!(runs.manifests().unwrap(), ["demo"]);
    }

    #[test]
    fn a_killed_run_is_remembered_with_what_it_was_at() {
        let folder = tempfile::tempdir().unwrap();
        let runs = runs(folder.path());
        let key = Digest::of(b"train");
        let log = runs.log("demo", "demo.toml", "cpu");
        log.record_start("train", key, key).unwrap();
        let going = runs.latest("demo").unwrap().unwrap();
        assert!(runs.is_going_on(&going).unwrap());
        assert_eq!(going.record.keys().collect::<Vec<_>>(), [&key]);
        // Another run at the same time has a number of its own.
        runs.log("demo", "demo.toml", "cpu")
            .end(done("x", "a"))
            .unwrap();
        assert_eq!(runs.all("demo").unwrap().len(), 2);
        drop(log);
        let killed = runs.all("demo").unwrap().remove(0);
        assert!(!runs.is_going_on(&killed).unwrap());
        assert_eq!(killed.record.ending, Ending::Open);
    }

    #[test]
    fn every_step_that_a_killed_run_had_begun_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let runs = runs(folder.path());
        let of = |number: u32| Digest::of(&number.to_le_bytes());
        let log = runs.log("demo", "demo.toml", "cpu");
        for number in 0..50 {
            let kept = if number % 2 == 0 {
                of(number)
            } else {
                of(1000)
            };
            log.record_start(&format!("train[seed={number}]"), of(number), kept)
                .unwrap();
        }
        let killed = runs.latest("demo").unwrap().unwrap().record;
        assert_eq!(killed.unfinished.len(), 50);
        assert_eq!(killed.unfinished["train[seed=7]"], of(7));
        assert_eq!(killed.kept.len(), 25);
        assert_eq!(killed.kept["train[seed=49]"], of(1000));
        for path in runs.paths().unwrap() {
            assert!(run_file::read(&path).unwrap().whole().is_some());
        }
        log.end(done("train[seed=7]", "a")).unwrap();
        let ended = runs.latest("demo").unwrap().unwrap().record;
        assert_eq!((ended.unfinished.len(), ended.kept.len()), (49, 24));
    }

    #[test]
    fn records_of_the_first_version_are_read() {
        let digest = Digest::of(b"a");
        let text = format!(
            "{{\"started_s\": 5, \"manifest\": \"demo.toml\", \"steps\": {{\"x\": \"{digest}\"}}}}"
        );
        let record: RunRecord = serde_json::from_str(&text).unwrap();
        assert!(record.is_complete());
        assert_eq!((record.seconds, record.pipe_version), (None, None));
    }
}
