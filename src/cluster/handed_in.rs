//! Runs that were handed to a cluster, as the cache has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pipe_cluster::{Ledger, TaskState, TaskStatus};
use pipe_foundation::system::{Kind, RealSystem, System};

use super::run_file::RunFile;

/// A run that was handed to a cluster.
#[derive(Clone, Debug)]
pub struct HandedIn {
    /// Its folder.
    pub ledger: Ledger,
    /// What it was started with.
    pub run: RunFile,
}

/// All of them in `jobs`, earliest first. Their paths are absolute: whoever follows one may have to change folders.
pub fn handed_in(jobs: &Path) -> Vec<HandedIn> {
    let jobs = std::path::absolute(jobs).unwrap_or_else(|_| jobs.to_path_buf());
    let entries = RealSystem.entries(&jobs).unwrap_or_default().into_iter();
    let folders = entries.filter(|entry| entry.kind == Kind::Folder);
    let mut found: Vec<HandedIn> = folders
        .filter_map(|folder| HandedIn::at(folder.path))
        .collect();
    found.sort_by(|one, other| {
        let by = |run: &HandedIn| (run.run.started_s, run.ledger.folder().to_path_buf());
        by(one).cmp(&by(other))
    });
    found
}

impl HandedIn {
    fn at(folder: PathBuf) -> Option<Self> {
        let run = RunFile::read(&folder)?;
        Some(Self {
            ledger: Ledger::at(Arc::new(RealSystem), folder),
            run,
        })
    }

    /// The numbers of its jobs that wait or are at work, among those of the user.
    pub fn live(&self, polled: &[TaskStatus]) -> Vec<u64> {
        let own = polled.iter().filter(|task| {
            let is_own = self.ledger.number(&task.name).is_some();
            is_own && !matches!(task.state, TaskState::Ended(_))
        });
        let mut jobs: Vec<u64> = own.map(|task| task.job).collect();
        jobs.sort_unstable();
        jobs.dedup();
        jobs
    }
}
