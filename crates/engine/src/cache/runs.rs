//! The memory of runs: which key each step had, so that the next run can say what changed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_foundation::system::{Kind, System};

use crate::file_name::{file_name, id_of};

use super::checksummed::Stored;
use super::error::CacheError;
use super::folder;
use super::lock::Lock;
use super::run_file::{self, log_of};
use super::run_history::RunHistory;
use super::run_record::{Ending, Run, RunRecord};

/// The largest number of a run.
const MOST_RUNS: u64 = 1 << 40;

/// The runs of one cache.
#[derive(Debug)]
pub struct Runs {
    pub(super) system: Arc<dyn System>,
    folder: PathBuf,
    locks: PathBuf,
}

impl Runs {
    /// The runs remembered in `folder`; those in progress hold a lock in `locks`.
    pub fn new(system: Arc<dyn System>, folder: PathBuf, locks: PathBuf) -> Self {
        Self {
            system,
            folder,
            locks,
        }
    }

    /// Names of all manifests that have runs, sorted.
    ///
    /// # Errors
    /// When a folder of runs cannot be read.
    pub fn manifests(&self) -> Result<Vec<String>, CacheError> {
        let mut names = Vec::new();
        for path in folder::entries(&*self.system, &self.folder)? {
            let name = path.file_name().and_then(|name| id_of(name.to_str()?));
            if let Some(name) = name
                && self.is_folder(&path)?
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
            if let Some(run) = self.run(name, number, &path)? {
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
            runs.extend(self.run(name, number, &path)?);
        }
        Ok(runs)
    }

    /// The runs of the manifest called `name`, to be searched from the latest on.
    ///
    /// # Errors
    /// When their folder cannot be read.
    pub fn history(&self, name: &str) -> Result<RunHistory, CacheError> {
        let files = self.of(name)?.into_iter();
        Ok(RunHistory::new(
            self.system.clone(),
            files.map(|(_, path)| path).collect(),
        ))
    }

    /// True while the process that does the run lives.
    ///
    /// # Errors
    /// When its lock cannot be tried.
    pub fn is_going_on(&self, run: &Run) -> Result<bool, CacheError> {
        let path = self.lock_path(&run.manifest, run.number);
        Ok(run.record.ending == Ending::Open
            && Lock::try_take_existing(&*self.system, &path)?.is_none())
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
            let moved = (self.system.create_folders(&self.folder_of(to)))
                .and_then(|()| self.system.rename(&before, &after));
            // A run keeps its log if that can be: it is only there to be read.
            let _ = self.system.rename(&log_of(&before), &log_of(&after));
            lock.release(&*self.system, &self.lock_path(to, number));
            match moved {
                // Another run has moved it meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                moved => moved.map_err(|error| CacheError::write(&after, error))?,
            }
        }
        // Only an empty folder goes.
        let _ = self.system.remove_folder(&self.folder_of(from));
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
        let mut runs: Vec<(u64, PathBuf)> = folder::entries(&*self.system, &self.folder_of(name))?
            .into_iter()
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .filter_map(|path| Some((path.file_stem()?.to_str()?.parse().ok()?, path)))
            // No run writes larger ones, and there is always a next.
            .filter(|(number, _)| *number <= MOST_RUNS)
            .collect();
        runs.sort();
        Ok(runs)
    }

    /// The record of the latest run of the manifest called `name` whose number is not `own`, and its file.
    pub(super) fn latest_but(
        &self,
        name: &str,
        own: Option<u64>,
    ) -> Result<Option<(PathBuf, RunRecord)>, CacheError> {
        let others = self.of(name)?.into_iter().rev();
        for (_, path) in others.filter(|(number, _)| Some(*number) != own) {
            if let Stored::Whole(record) = run_file::read(&*self.system, &path)? {
                return Ok(Some((path, record)));
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
            if let Some(lock) = Lock::try_take(&*self.system, &self.lock_path(name, number))?
                && !folder::is_there(&*self.system, &self.path(name, number))?
            {
                return Ok((number, lock));
            }
            number += 1;
        }
    }

    fn run(&self, name: &str, number: u64, path: &Path) -> Result<Option<Run>, CacheError> {
        let record = run_file::read(&*self.system, path)?.whole();
        Ok(record.map(|record| Run {
            manifest: name.into(),
            number,
            record,
        }))
    }

    fn is_folder(&self, path: &Path) -> Result<bool, CacheError> {
        match self.system.metadata(path) {
            Ok(metadata) => Ok(metadata.kind == Kind::Folder),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(CacheError::read(path, error)),
        }
    }
}

#[cfg(test)]
mod tests;
