//! The page of a report, recorded as part of what a run has put into its folder.

use std::collections::HashSet;
use std::path::Path;

use crate::cache::{Cache, CacheError, Publication, PublishedFile, PublishedPart};
use crate::plan::Plan;

use super::publish::runs_folder;

/// Records that `page` was written of a report into the folder that `runs` has for it, so that it goes with the report.
///
/// # Errors
/// When the page cannot be read, or the cache's record of the folder cannot be read or written.
pub fn note_page(
    cache: &Cache,
    plan: &Plan,
    runs: &Path,
    step: usize,
    page: &Path,
) -> Result<(), CacheError> {
    let digest = cache
        .system
        .digest(page)
        .map_err(|error| CacheError::read(page, error))?;
    let name = runs_folder(plan, step).join(page.file_name().unwrap_or_default());
    let file = PublishedFile {
        step: plan.steps[step].id().into(),
        part: PublishedPart::Page,
        name: name.to_string_lossy().into_owned(),
        digest,
        link: false,
    };
    let publication = Publication {
        parts: HashSet::from([(file.step.clone(), file.part)]),
        files: vec![file],
    };
    let folder = runs.join(&plan.name);
    let manifest = Path::new(&plan.manifest);
    let published = &cache.published;
    published.update(&folder, manifest, publication, |_| true)?;
    Ok(())
}
