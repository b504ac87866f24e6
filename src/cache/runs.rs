//! The memory of runs: which key each step had, so that the next run can say what changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::model::Device;

use super::error::CacheError;
use super::file_name::{decode, encode};
use super::lock::Lock;

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
    /// Keys of steps that keep their work while they run, and were begun but not done.
    #[serde(default)]
    pub unfinished: BTreeMap<String, Digest>,
    /// Keys under which those steps keep their work, where these are not their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, Digest>,
    /// Wall time in seconds; none while the run goes on and after a kill.
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
    /// It goes on, or was killed.
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
        let mut device = device.filter(|device| **device != Device::Cpu.to_string());
        device
            .next()
            .map_or_else(String::new, |device| format!(", on {device}"))
    }

    /// Every key that the run had or was about to make.
    pub fn keys(&self) -> impl Iterator<Item = &Digest> {
        let begun = self.unfinished.values().chain(self.kept.values());
        self.steps.values().chain(begun)
    }

    /// True when a run has nothing to tell that `earlier` does not tell.
    fn repeats(&self, earlier: &Self) -> bool {
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
    /// The runs remembered in `folder`; those that go on hold a lock in `locks`.
    pub fn new(folder: PathBuf, locks: PathBuf) -> Self {
        Self { folder, locks }
    }

    /// The log of a run on `device` that begins now. Nothing is written yet.
    pub fn log(&self, name: &str, manifest: &str, device: Device) -> RunLog<'_> {
        RunLog {
            runs: self,
            name: name.into(),
            open: Mutex::new(Open {
                place: None,
                record: RunRecord {
                    started_s: now_s(),
                    manifest: manifest.into(),
                    pipe_version: Some(env!("CARGO_PKG_VERSION").into()),
                    device: Some(device.to_string()),
                    ending: Ending::Open,
                    ..RunRecord::default()
                },
            }),
        }
    }

    /// Names of all manifests that have runs, sorted.
    pub fn manifests(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| Some(decode(&entry.file_name().into_string().ok()?)))
            .filter(|name| !self.of(name).is_empty())
            .collect();
        names.sort();
        names
    }

    /// The latest run of the manifest called `name`.
    pub fn latest(&self, name: &str) -> Option<Run> {
        let mut files = self.of(name).into_iter().rev();
        files.find_map(|(number, path)| run(name, number, &path))
    }

    /// All runs of the manifest called `name`, oldest first.
    pub fn all(&self, name: &str) -> Vec<Run> {
        let files = self.of(name).into_iter();
        files
            .filter_map(|(number, path)| run(name, number, &path))
            .collect()
    }

    /// True while the process that does the run lives.
    pub fn is_going_on(&self, run: &Run) -> bool {
        let path = self.lock_path(&run.manifest, run.number);
        run.record.ending == Ending::Open
            && path.is_file()
            && matches!(Lock::try_take(&path), Ok(None))
    }

    /// Forgets a run.
    ///
    /// # Errors
    /// When its record cannot be removed.
    pub fn forget(&self, run: &Run) -> Result<(), CacheError> {
        let path = self.path(&run.manifest, run.number);
        std::fs::remove_file(&path).map_err(|error| CacheError::write(&path, error))
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
        for run in self.all(from) {
            if !made_here(&run.record.manifest) || self.is_going_on(&run) {
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

    /// Records of any manifest that are not whole.
    pub fn damaged(&self) -> Vec<PathBuf> {
        let manifests = self.manifests().into_iter();
        manifests
            .flat_map(|name| self.of(&name))
            .map(|(_, path)| path)
            .filter(|path| super::sealed::read::<RunRecord>(path).is_none())
            .collect()
    }

    /// Where the record of a run is.
    pub fn path(&self, name: &str, number: u64) -> PathBuf {
        self.folder_of(name).join(format!("{number:06}.json"))
    }

    fn folder_of(&self, name: &str) -> PathBuf {
        self.folder.join(encode(name))
    }

    fn lock_path(&self, name: &str, number: u64) -> PathBuf {
        self.locks.join(format!("run-{}-{number}", encode(name)))
    }

    /// Numbers and files of the runs of the manifest called `name`, oldest first.
    fn of(&self, name: &str) -> Vec<(u64, PathBuf)> {
        let entries = std::fs::read_dir(self.folder_of(name))
            .into_iter()
            .flatten()
            .flatten();
        let mut runs: Vec<(u64, PathBuf)> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .filter_map(|path| Some((path.file_stem()?.to_str()?.parse().ok()?, path)))
            .collect();
        runs.sort();
        runs
    }

    /// A number that no other run has, held as long as the lock.
    fn reserve(&self, name: &str) -> Result<(u64, Lock), CacheError> {
        let next = self.of(name).last().map_or(1, |(number, _)| number + 1);
        self.reserve_from(name, next)
    }

    /// The first free number from `number` on, held as long as the lock.
    fn reserve_from(&self, name: &str, mut number: u64) -> Result<(u64, Lock), CacheError> {
        loop {
            if let Some(lock) = Lock::try_take(&self.lock_path(name, number))?
                && !self.path(name, number).exists()
            {
                return Ok((number, lock));
            }
            number += 1;
        }
    }
}

fn run(name: &str, number: u64, path: &Path) -> Option<Run> {
    Some(Run {
        manifest: name.into(),
        number,
        record: super::sealed::read(path)?,
    })
}

/// Writes what becomes of one run, so that also a killed one is remembered.
///
/// A run has a record from the moment when a step begins that keeps its work, such as a training: what belongs to
/// it must not be pruned. Other runs are recorded at their end, and those that repeat the latest one not at all: a
/// name such as `demo~1` then always means results that were different.
pub struct RunLog<'a> {
    runs: &'a Runs,
    name: String,
    open: Mutex<Open>,
}

struct Open {
    place: Option<(u64, Lock)>,
    record: RunRecord,
}

impl RunLog<'_> {
    /// A step begins that keeps its work, under the key `kept`.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn begun(&self, step: &str, key: Digest, kept: Digest) -> Result<(), CacheError> {
        let mut open = self.open.lock().unwrap_or_else(|p| p.into_inner());
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
        super::sealed::write(&self.runs.path(&self.name, number), &open.record)
    }

    /// The run is over. `ended` holds what became of the steps; the rest is known.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn end(self, ended: RunRecord) -> Result<(), CacheError> {
        let Self { runs, name, open } = self;
        let Open { place, record } = open.into_inner().unwrap_or_else(|p| p.into_inner());
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
        let others = runs.of(&name).into_iter().rev();
        let before = others
            .filter(|(number, _)| Some(*number) != own)
            .find_map(|(_, path)| super::sealed::read::<RunRecord>(&path));
        let nothing = record.steps.is_empty() && record.failed.is_empty();
        let (number, lock) = match (place, before) {
            (Some((number, lock)), Some(before)) if record.repeats(&before) => {
                let path = runs.path(&name, number);
                let removed = std::fs::remove_file(&path);
                release(&runs.lock_path(&name, number), lock);
                return removed.map_err(|error| CacheError::write(&path, error));
            }
            (Some(place), _) => place,
            (None, Some(before)) if record.repeats(&before) => return Ok(()),
            (None, _) if nothing => return Ok(()),
            (None, _) => runs.reserve(&name)?,
        };
        super::sealed::write(&runs.path(&name, number), &record)?;
        release(&runs.lock_path(&name, number), lock);
        Ok(())
    }
}

fn release(path: &Path, lock: Lock) {
    // A file that stays is an open lock, which says the same.
    let _ = std::fs::remove_file(path);
    drop(lock);
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "tells people when a run was; no result depends on it"
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
            runs.log("demo", "demo.toml", Device::Cpu)
                .end(done("x", text))
                .unwrap();
        }
        let numbers: Vec<u64> = runs.all("demo").iter().map(|run| run.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
        let failed = RunRecord {
            failed: BTreeMap::from([("y".into(), "broken".into())]),
            ..done("x", "a")
        };
        runs.log("demo", "demo.toml", Device::Cpu)
            .end(failed)
            .unwrap();
        assert_eq!(runs.latest("demo").unwrap().to_string(), "demo:4");
        runs.log("empty", "empty.toml", Device::Cpu)
            .end(RunRecord::default())
            .unwrap();
        assert_eq!(runs.manifests(), ["demo"]);
    }

    #[test]
    fn a_killed_run_is_remembered_with_what_it_was_at() {
        let folder = tempfile::tempdir().unwrap();
        let runs = runs(folder.path());
        let key = Digest::of(b"train");
        let log = runs.log("demo", "demo.toml", Device::Cpu);
        log.begun("train", key, key).unwrap();
        let going = runs.latest("demo").unwrap();
        assert!(runs.is_going_on(&going));
        assert_eq!(going.record.keys().collect::<Vec<_>>(), [&key]);
        // Another run at the same time has a number of its own.
        runs.log("demo", "demo.toml", Device::Cpu)
            .end(done("x", "a"))
            .unwrap();
        assert_eq!(runs.all("demo").len(), 2);
        drop(log);
        let killed = runs.all("demo").remove(0);
        assert!(!runs.is_going_on(&killed));
        assert_eq!(killed.record.ending, Ending::Open);
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
