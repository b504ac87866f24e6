//! What is asked of a cluster.

use std::path::PathBuf;

use crate::error::ClusterError;
use crate::job_array::DependencyKind;
use crate::task_state::TaskStatus;
use crate::work::Resources;

/// What a cluster lets one user do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterLimits {
    /// Tasks that an array may have; their numbers stay below.
    pub most_tasks: usize,
}

/// An array of jobs as it is handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The name that it goes by, which no other array has.
    pub name: String,
    /// The numbers of its tasks, ascending.
    pub tasks: Vec<u32>,
    /// The numbers of the jobs that it waits for, and how.
    pub after: Vec<(DependencyKind, u64)>,
    /// What each task asks for.
    pub resources: Resources,
    /// The script that each task runs, without its first lines: `$TASK` is the number of the task, `$CORES` how many cores it
    /// was given.
    pub script: String,
    /// Where the script is to be kept.
    pub file: PathBuf,
    /// The folder that tasks start in.
    pub folder: PathBuf,
    /// Where the log of a task goes; `{task}` stands for its number.
    pub log: PathBuf,
}

/// A cluster, by its scheduler.
pub trait Cluster {
    /// What it lets its user do.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn limits(&self) -> Result<ClusterLimits, ClusterError>;

    /// Hands in an array, and gives the number of the job that stands for it.
    ///
    /// # Errors
    /// When it is refused, or when nobody says whether it was taken.
    fn submit(&self, submission: &Submission) -> Result<u64, ClusterError>;

    /// What became of the user's tasks, as far as the scheduler remembers, in one question.
    ///
    /// # Errors
    /// When it does not answer.
    fn poll(&self) -> Result<Vec<TaskStatus>, ClusterError>;

    /// Ends jobs, waiting ones too. Those that are over are none of its business.
    ///
    /// # Errors
    /// When it does not answer.
    fn cancel(&self, jobs: &[u64]) -> Result<(), ClusterError>;
}
