//! A file that the domain makes of a result and writes beside it, recorded as part of what a run has put into its folder.

use std::collections::HashSet;
use std::path::Path;

use crate::cache::{Cache, CacheError, Publication, PublishedFile, PublishedPart};
use crate::plan::Plan;

use super::publish::runs_folder;

/// Records that `companion` was written into the folder that `runs` has for `step`, so that it goes when the files of the
/// step go.
///
/// # Errors
/// When it cannot be read, or the cache's record of the folder cannot be read or written.
pub fn record_companion(
    cache: &Cache,
    plan: &Plan,
    runs: &Path,
    step: usize,
    companion: &Path,
) -> Result<(), CacheError> {
    let digest = cache
        .system
        .digest(companion)
        .map_err(|error| CacheError::read(companion, error))?;
    let name = runs_folder(plan, step).join(companion.file_name().unwrap_or_default());
    let file = PublishedFile {
        step: plan.steps[step].id().into(),
        part: PublishedPart::Companion,
        name: name.to_string_lossy().into_owned(),
        digest,
        link: false,
    };
    let publication = Publication {
        parts: HashSet::from([(file.step.clone(), file.part)]),
        files: vec![file],
    };
    let folder = runs.join(plan.results_folder());
    let manifest = Path::new(&plan.manifest);
    let published = &cache.published;
    published.update(&folder, manifest, publication, |_| true)?;
    Ok(())
}
