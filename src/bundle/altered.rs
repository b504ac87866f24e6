//! Whether the results in a bundle are those that its lock file stands for.

use std::collections::BTreeMap;
use std::path::Path;

use pipe_engine::cache::{Cache, CacheError, StepOutput};
use pipe_engine::exec::runs_folder;
use pipe_engine::plan::Plan;
use pipe_engine::stage::SourceListing;
use pipe_foundation::Digest;
use walkdir::WalkDir;

use crate::lock::LockFile;

/// The page of a report, which has the times of its run and so is another one each time.
const PAGE: &str = "report.html";

/// Files below `results/` of the bundle in `folder` that are not what its steps made, as far as `here`, a run of the same, has
/// made the same as the lock file `bundled` says; each by its name in the bundle.
///
/// # Errors
/// When a record cannot be read.
pub fn altered_files(
    plan: &Plan,
    cache: &Cache,
    bundled: &LockFile,
    here: &LockFile,
    listings: &[(usize, SourceListing)],
    folder: &Path,
) -> Result<Vec<String>, CacheError> {
    let mut expected: BTreeMap<String, Digest> = BTreeMap::new();
    // What steps made that came out otherwise here cannot be known.
    let mut unknown = Vec::new();
    let known: BTreeMap<&str, _> = bundled.steps.iter().map(|old| (&*old.id, old)).collect();
    for (index, new) in here.steps.iter().enumerate() {
        let results = format!("results/{}/", runs_folder(plan, index).display());
        let same = known
            .get(&*new.id)
            .is_some_and(|old| old.output == new.output);
        let record = cache.records.get(&new.key)?;
        match record.map(|record| record.output).filter(|_| same) {
            Some(StepOutput::Files(files)) => expected.extend(
                (files.files.iter()).map(|file| (format!("{results}{}", file.name), file.digest)),
            ),
            Some(StepOutput::Items { .. }) => {}
            None => unknown.push(results),
        }
    }
    for (index, listing) in listings {
        let results = format!("results/{}/", runs_folder(plan, *index).display());
        let tables = listing.tables.iter();
        expected.extend(
            tables.map(|(name, text)| (format!("{results}{name}"), Digest::of(text.as_bytes()))),
        );
    }
    let mut altered: Vec<String> = Vec::new();
    for entry in WalkDir::new(folder.join("results")).sort_by_file_name() {
        let Ok(entry) = entry else { continue };
        let name = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let name = name.to_string_lossy().into_owned();
        let is_unknown = unknown
            .iter()
            .any(|results| name.starts_with(results.as_str()));
        if entry.file_type().is_dir() || entry.file_name() == PAGE || is_unknown {
            continue;
        }
        let found = Digest::of_file(entry.path()).ok();
        if expected.remove(&name) != found || found.is_none() {
            altered.push(name);
        }
    }
    Ok(altered)
}
