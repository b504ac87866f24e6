//! What goes into a bundle: gathered from the project, the cache and the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_engine::cache::{Cache, StepOutput};
use pipe_engine::exec::{PlanResults, runs_folder};
use pipe_engine::stage::SourceListing;
use pipe_foundation::spreadsheet::guarded;

use crate::lock::LockFile;
use pipe_stages::domain::SpeechPlan;
use pipe_stages::items::UtteranceItem;

use super::audio::add_audio;
use super::contents::{Collected, Content, Contents, FORMAT};
use super::error::BundleError;
use super::project_files::project_files;

/// The folder of the project in a bundle.
pub const PROJECT: &str = "project";

/// The bundle of a plan that was run, whose project is in the folder `project`; with the recordings only if that is asked for.
///
/// # Errors
/// When the manifest names files outside of its project, a result is damaged, or recordings must not be passed on.
pub fn collect(
    plan: &SpeechPlan,
    cache: &Cache,
    results: &PlanResults,
    lock: &LockFile,
    project: &Path,
    with_audio: bool,
) -> Result<Collected, BundleError> {
    let corpora_folder = match with_audio {
        true => "../audio",
        false => "corpora",
    };
    let project = project_files(plan, project, Some(lock), corpora_folder)?;
    let in_project = |name: &str| format!("{PROJECT}/{name}");
    let mut files: BTreeMap<String, Content> = project
        .files
        .into_iter()
        .map(|(name, content)| (in_project(&name), content))
        .collect();
    let mut of_copy = BTreeSet::new();
    for (step, listing) in &results.listings {
        add_listing(plan, *step, listing, &mut files);
        let folder = runs_folder(plan, *step);
        of_copy.insert(format!(
            "results/{}/{}",
            folder.display(),
            SourceListing::DROPPED
        ));
    }
    add_results(plan, cache, results, &mut files)?;
    if with_audio {
        add_audio(&results.listings, &plan.corpora, &mut files)?;
    }
    let contents = Contents {
        format: FORMAT.into(),
        name: plan.name.clone(),
        manifest: in_project(&project.manifest),
        set: lock.set.clone(),
        made_by: lock.made_by.clone(),
        files: Vec::new(),
    };
    Ok(Collected {
        contents,
        files,
        written: project
            .written
            .iter()
            .map(|name| in_project(name))
            .collect(),
        pages: BTreeSet::new(),
        of_copy,
    })
}

/// Adds what a source listed: the table of utterances, and its tables for people.
fn add_listing(
    plan: &SpeechPlan,
    step: usize,
    listing: &SourceListing,
    files: &mut BTreeMap<String, Content>,
) {
    let folder = runs_folder(plan, step);
    let mut text = String::from("id\tcorpus\tsplit\tspeaker\tlabel\tclass\tdigest\n");
    for item in &listing.items {
        let utterance = item.utterance();
        let digest = item.digest.hex();
        let row = [
            &*utterance.id,
            &utterance.corpus,
            utterance.split.name(),
            &utterance.speaker,
            &utterance.label,
            utterance.class.as_deref().unwrap_or_default(),
            &digest,
        ];
        let row = row.map(|cell| guarded(&cell.replace(['\t', '\n', '\r'], " ")).into_owned());
        text.push_str(&row.join("\t"));
        text.push('\n');
    }
    let name = format!("data/{}.tsv", folder.display());
    files.insert(name, Content::Bytes(text.into_bytes()));
    for (name, text) in &listing.tables {
        let name = format!("results/{}/{name}", folder.display());
        files.insert(name, Content::Bytes(text.clone().into_bytes()));
    }
}

/// Adds the files that steps made.
fn add_results(
    plan: &SpeechPlan,
    cache: &Cache,
    results: &PlanResults,
    files: &mut BTreeMap<String, Content>,
) -> Result<(), BundleError> {
    for (index, known) in results.steps.iter().enumerate() {
        let Some(StepOutput::Files(made)) = known.output.as_deref() else {
            continue;
        };
        let folder = runs_folder(plan, index);
        for file in &made.files {
            let object = cache.objects.open(&file.digest).ok().flatten();
            let object = object.ok_or_else(|| BundleError::DamagedResult {
                step: plan.steps[index].id().into(),
                name: file.name.clone(),
            })?;
            let name = format!("results/{}/{}", folder.display(), file.name);
            if files.insert(name.clone(), Content::File(object)).is_some() {
                return Err(BundleError::SameName { name });
            }
        }
    }
    Ok(())
}
