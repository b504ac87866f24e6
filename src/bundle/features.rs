//! Features in a bundle, where they are asked for.

use std::collections::BTreeMap;

use pipe_engine::cache::{Cache, StepOutput};
use pipe_engine::exec::{PlanResults, Resolver, runs_folder};
use pipe_engine::file_name::file_name_with_ending;
use pipe_foundation::progress::Silent;

use pipe_stages::items::FEATURES;

use super::contents::Content;

/// Adds the features of every step that keeps them, a safetensors file for each utterance.
///
/// # Errors
/// When they cannot be read back from the cache.
pub fn add_features(
    resolver: &Resolver<'_>,
    cache: &Cache,
    results: &PlanResults,
    files: &mut BTreeMap<String, Content>,
) -> miette::Result<()> {
    let plan = resolver.plan;
    let scratch = cache.scratch()?;
    for (index, step) in plan.steps.iter().enumerate() {
        let Some(StepOutput::Items { digest, .. }) = results.steps[index].output.as_deref() else {
            continue;
        };
        let Some(group) = resolver.group_of(index) else {
            continue;
        };
        if step.output != FEATURES || !step.stored {
            continue;
        }
        let folder = scratch.folder()?;
        let items = group.load(index, Some(*digest), folder.path(), 1, &Silent)?;
        let below = runs_folder(plan, index);
        for item in items.iter() {
            let name = file_name_with_ending(item.facts.id(), ".safetensors");
            let name = format!("features/{}/{name}", below.display());
            files.insert(name, Content::Bytes(item.blob.to_vec()));
        }
    }
    Ok(())
}
