//! All files of a bundle: what a run was made of and gave, and what is written for people.

use std::path::Path;

use pipe_engine::cache::Cache;
use pipe_engine::exec::{PlanResults, Resolver, runs_folder};

use crate::bundle::{Collected, Content, add_features, collect};
use crate::lock::LockFile;
use pipe_stages::domain::SpeechPlan;

use super::error::CliError;
use super::report::{self, Described, Notes};

/// The notes on the data, in a bundle.
pub const NOTES: &str = "data/notes.json";

/// What goes into a bundle only where it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Extras {
    /// The recordings.
    pub audio: bool,
    /// Features that steps keep.
    pub features: bool,
}

/// What a bundle says of its run.
pub struct BundledRun<'a> {
    /// The folder of the project.
    pub project: &'a Path,
    /// The lock file.
    pub lock: &'a LockFile,
    /// What was noted of the data.
    pub notes: Notes,
}

/// The files of the bundle of a plan that gave `results`.
///
/// # Errors
/// When something cannot be read, or must not be in a bundle.
pub fn bundle_files(
    plan: &SpeechPlan,
    cache: &Cache,
    resolver: &Resolver<'_>,
    results: &PlanResults,
    run: BundledRun<'_>,
    extras: Extras,
) -> Result<Collected, CliError> {
    let mut made = collect(plan, cache, results, run.lock, run.project, extras.audio)?;
    let notes = serde_json::to_vec_pretty(&run.notes).map_err(|error| CliError::Output {
        what: NOTES.into(),
        reason: error.into(),
    })?;
    made.files.insert(NOTES.into(), Content::Bytes(notes));
    made.of_copy.insert(NOTES.into());
    let described = Described {
        project: run.project.into(),
        lock: Some(run.lock.clone()),
        notes: run.notes,
    };
    for (step, page) in report::pages(plan, cache, results, &described)? {
        let name = format!("results/{}/report.html", runs_folder(plan, step).display());
        made.pages.insert(name.clone());
        made.written.insert(name.clone());
        made.files.insert(name, Content::Bytes(page.into_bytes()));
    }
    if extras.features {
        add_features(resolver, cache, results, &mut made.files).map_err(CliError::Step)?;
    }
    Ok(made)
}
