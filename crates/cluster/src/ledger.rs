//! The folder of a run that was handed to a cluster: its arrays, their jobs and logs, and what tasks left behind.
//!
//! | file | what |
//! |---|---|
//! | `array-<n>.json` | what each task of an array does; written before it is submitted |
//! | `array-<n>.sh` | the script that its tasks run |
//! | `array-<n>.job` | the number of its job; written once it is submitted |
//! | `logs/<n>_<task>.log` | what a task printed |
//! | `ended/<n>_<task>` | the exit code of a task that came to its end |
//! | `left/<unit>.json` | why a unit could not be done |

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pipe_foundation::durable;
use pipe_foundation::system::{File, Hold, Open, System};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::ClusterError;
use crate::job_array::Dependency;
use crate::results::Left;
use crate::work::{Resources, Share};

/// How often whoever waits for the lock looks for it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The bytes of a log that are read for its last lines.
const TAIL_BYTES: usize = 16_384;

/// What the tasks of an array do, as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFile {
    /// What the array does, for people.
    pub title: String,
    /// The name that it is submitted under.
    pub name: String,
    /// What each task asks for.
    pub resources: Resources,
    /// What it waits for.
    pub after: Vec<Dependency>,
    /// By its number, what each task does.
    pub tasks: BTreeMap<u32, Vec<PieceFile>>,
}

/// One piece of the work of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceFile {
    /// The name of the unit.
    pub unit: String,
    /// The share of its items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// The key of its result, where that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// All that its key depends on but results, as a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_key: Option<String>,
    /// How often it was submitted before.
    #[serde(default, skip_serializing_if = "is_first")]
    pub attempt: usize,
}

fn is_first(attempt: &usize) -> bool {
    *attempt == 0
}

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct Ledger {
    system: Arc<dyn System>,
    folder: PathBuf,
}

impl Ledger {
    /// The ledger in `folder`, whose name is part of the names of its jobs.
    pub fn at(system: Arc<dyn System>, folder: PathBuf) -> Self {
        Self { system, folder }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What tells its jobs apart from those of other runs.
    pub fn id(&self) -> &str {
        let name = self.folder.file_name().and_then(|name| name.to_str());
        name.unwrap_or_default()
    }

    /// Makes the folder, with those in it that tasks write into.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn create(&self) -> Result<(), ClusterError> {
        for name in ["logs", "ended", "left"] {
            let folder = self.folder.join(name);
            let made = self.system.create_folders(&folder);
            made.map_err(|reason| ClusterError::Jobs {
                path: folder,
                reason,
            })?;
        }
        Ok(())
    }

    /// Holds what is submitted in `jobs`, the folder of all ledgers, against others who would submit too. None when `stop`
    /// said so while it was waited for.
    ///
    /// # Errors
    /// When there can be no such lock.
    pub fn alone(
        system: &dyn System,
        jobs: &Path,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Box<dyn File>>, ClusterError> {
        let path = jobs.join("lock");
        let failed = |reason| ClusterError::Jobs {
            path: path.clone(),
            reason,
        };
        system.create_folders(jobs).map_err(failed)?;
        let file = system.open(&path, Open::WriteOrCreate).map_err(failed)?;
        while !file.lock(Hold::AloneIfFree).map_err(failed)? {
            if stop() {
                return Ok(None);
            }
            system.sleep(LOOK_AGAIN);
        }
        Ok(Some(file))
    }

    /// As [`Ledger::alone`], for this one.
    pub(crate) fn hold(
        &self,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Box<dyn File>>, ClusterError> {
        Self::alone(&*self.system, durable::folder_of(&self.folder), stop)
    }

    /// The name that array `number` is submitted under.
    pub fn name(&self, title: &str, number: usize) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        let title: String = title.chars().filter(|c| plain(*c)).take(40).collect();
        format!("{title}.{}.{number}", self.id())
    }

    /// The number of the array that is submitted under `name`; none where that is of another run.
    pub fn number(&self, name: &str) -> Option<usize> {
        let (before, number) = name.rsplit_once('.')?;
        let (_, id) = before.rsplit_once('.')?;
        number.parse().ok().filter(|_| id == self.id())
    }

    /// All arrays, by their numbers.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn arrays(&self) -> Result<Vec<TaskFile>, ClusterError> {
        self.arrays_from(0)
    }

    /// Arrays from the one with the number `first` on.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn arrays_from(&self, first: usize) -> Result<Vec<TaskFile>, ClusterError> {
        let mut arrays = Vec::new();
        while let Some(array) = self.json(&self.tasks(first + arrays.len()))? {
            arrays.push(array);
        }
        Ok(arrays)
    }

    /// Where it is written what the tasks of array `number` do.
    pub fn tasks(&self, number: usize) -> PathBuf {
        self.folder.join(format!("array-{number}.json"))
    }

    /// Where the script of array `number` is.
    pub fn script(&self, number: usize) -> PathBuf {
        self.folder.join(format!("array-{number}.sh"))
    }

    /// Where the log of a task is; `task` may be a placeholder.
    pub fn log(&self, array: usize, task: &str) -> PathBuf {
        self.folder.join(format!("logs/{array}_{task}.log"))
    }

    /// Where a task that comes to its end writes its exit code; `task` may be a placeholder.
    pub fn ended(&self, array: usize, task: &str) -> PathBuf {
        self.folder.join(format!("ended/{array}_{task}"))
    }

    /// Writes down what the tasks of array `number` do.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn add(&self, number: usize, array: &TaskFile) -> Result<(), ClusterError> {
        self.write(&self.tasks(number), array)
    }

    /// The number of the job of array `number`, once it is known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn job(&self, number: usize) -> Result<Option<u64>, ClusterError> {
        self.json(&self.job_file(number))
    }

    /// Writes down the number of the job of array `number`.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn set_job(&self, number: usize, job: u64) -> Result<(), ClusterError> {
        self.write(&self.job_file(number), &job)
    }

    fn job_file(&self, number: usize) -> PathBuf {
        self.folder.join(format!("array-{number}.job"))
    }

    /// Writes down why a unit could not be done.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn leave(&self, unit: &str, left: &Left) -> Result<(), ClusterError> {
        self.write(&self.left_file(unit), left)
    }

    /// Why a unit could not be done, if a task has said so.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn left(&self, unit: &str) -> Result<Option<Left>, ClusterError> {
        self.json(&self.left_file(unit))
    }

    /// Forgets why a unit could not be done, since it is tried again.
    pub fn forget_left(&self, unit: &str) {
        // What is not there need not be removed.
        let _ = self.system.remove_file(&self.left_file(unit));
    }

    /// Names of units may hold anything.
    fn left_file(&self, unit: &str) -> PathBuf {
        let name: String = unit
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => (byte as char).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        // A name has 255 bytes at most.
        let short = match name.len() {
            0..=200 => name,
            _ => pipe_foundation::Digest::of(unit.as_bytes()).hex(),
        };
        self.folder.join(format!("left/{short}.json"))
    }

    /// The exit code of a task that has come to its end.
    pub fn exit_code(&self, array: usize, task: u32) -> Option<i32> {
        let bytes = self
            .system
            .read(&self.ended(array, &task.to_string()))
            .ok()?;
        String::from_utf8(bytes).ok()?.trim().parse().ok()
    }

    /// The last lines of the log of a task, at most `most`.
    pub fn last_lines(&self, array: usize, task: u32, most: usize) -> Vec<String> {
        let path = self.log(array, &task.to_string());
        let text = self.end_of(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = &lines[lines.len().saturating_sub(most)..];
        last.iter().map(|line| (*line).to_owned()).collect()
    }

    /// The last bytes of a file.
    fn end_of(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let bytes = self.system.metadata(path)?.bytes;
        let length = bytes.min(TAIL_BYTES as u64);
        let mut end = vec![0; length as usize];
        let file = self.system.open(path, Open::Read)?;
        file.read_exact_at(&mut end, bytes - length)?;
        Ok(end)
    }

    fn write(&self, path: &Path, content: &impl Serialize) -> Result<(), ClusterError> {
        let bytes = serde_json::to_vec(content).map_err(std::io::Error::other);
        let written = bytes.and_then(|bytes| durable::write(&*self.system, path, &bytes));
        written.map_err(|reason| ClusterError::Jobs {
            path: path.to_path_buf(),
            reason,
        })
    }

    fn json<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, ClusterError> {
        let failed = |reason| ClusterError::Jobs {
            path: path.to_path_buf(),
            reason,
        };
        match self.system.read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
            Ok(bytes) => {
                let read = serde_json::from_slice(&bytes);
                read.map_err(|error| failed(std::io::Error::other(error)))
            }
        }
    }
}
