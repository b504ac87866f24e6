//! What pages say of a run besides what its cache holds.

use std::path::{Path, PathBuf};

use pipe_engine::cache::{Cache, CacheError};
use pipe_engine::exec::PlanResults;

use crate::lock::{LockFile, lock_of};
use crate::trust::Project;
use pipe_stages::domain::SpeechPlan;

use super::notes::Notes;

/// What pages say of a run: of the one here, or of the one that a bundle is of.
pub struct Described {
    /// The folder that the files of the project are named from.
    pub project: PathBuf,
    /// The lock file; none where some steps have no result.
    pub lock: Option<LockFile>,
    /// What was noted of the data.
    pub notes: Notes,
}

impl Described {
    /// The run of `plan` that gave `results` here.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn here(
        plan: &SpeechPlan,
        cache: &Cache,
        results: &PlanResults,
    ) -> Result<Self, CacheError> {
        Ok(Self {
            project: Project::of(Path::new(&plan.manifest)).folder,
            lock: lock_of(plan, cache, results)?.ok(),
            notes: Notes::of(plan, results),
        })
    }
}
