//! A manifest's name is its own: refused where another manifest has it, or keeps results in the same folders.

use std::path::Path;

use pipe_engine::cache::Cache;
use pipe_engine::manifest::{Diagnostic, Limits, location, name_by_path, present_name};
use pipe_engine::plan::Plan;

use crate::inspect::{StepOfRun, stage_of};
use crate::project_root::root_of;

use super::error::CliError;

/// Makes sure that nothing else goes by the name of `plan`, without writing anything down. Other manifests are read within
/// `limits`.
pub fn check(plan: &Plan, cache: &Cache, limits: &Limits) -> Result<(), CliError> {
    let own = location(Path::new(&plan.manifest));
    let other = cache.owner(&plan.name)?;
    match other.filter(|other| *other != own && goes_by(other, &plan.name, limits)) {
        Some(other) => Err(taken(plan, &other)),
        None => check_folders(plan, cache, limits),
    }
}

/// As [`check`], and the name is this manifest's from now on.
pub fn claim(plan: &Plan, cache: &Cache, limits: &Limits) -> Result<(), CliError> {
    if cache.why_not_stored().is_some() {
        return check(plan, cache, limits);
    }
    adopt_earlier_runs(plan, cache)?;
    check(plan, cache, limits)?;
    let path = Path::new(&plan.manifest);
    let other = cache.claim(&plan.name, path, |other| goes_by(other, &plan.name, limits))?;
    other.map_or(Ok(()), |other| Err(taken(plan, &other)))
}

/// Whether the manifest at `path` exists and is called `name`. One that was moved leaves its name to whoever has it
/// then, which may be itself.
fn goes_by(path: &Path, name: &str, limits: &Limits) -> bool {
    present_name(path, &root_of(path), limits).is_some_and(|present| present == name)
}

/// Earlier versions called every manifest by its file alone: what they remember of this one moves to its name.
fn adopt_earlier_runs(plan: &Plan, cache: &Cache) -> Result<(), CliError> {
    let path = Path::new(&plan.manifest);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    let Some(stem) = stem.filter(|stem| *stem != plan.name) else {
        return Ok(());
    };
    // A manifest that gives itself a name may want to start over under it.
    if name_by_path(path, &root_of(path)) != plan.name {
        return Ok(());
    }
    let own = location(path);
    let made_here = |manifest: &str| location(Path::new(manifest)) == own;
    Ok(cache.runs.adopt(&plan.name, &stem, made_here)?)
}

/// `runs/demo/train` is the folder of the step `train` of `demo`, and that of a manifest called `demo/train`.
fn check_folders(plan: &Plan, cache: &Cache, limits: &Limits) -> Result<(), CliError> {
    let first_folder = |name: &str, above: &str| -> Option<String> {
        let below = name.strip_prefix(above)?.strip_prefix('/')?;
        below.split('/').next().map(str::to_owned)
    };
    for other in &cache.runs.manifests()? {
        let owner = cache.owner(other)?;
        if !owner.is_some_and(|owner| goes_by(&owner, other, limits)) {
            continue;
        }
        let (above, step) = if let Some(folder) = first_folder(&plan.name, other) {
            let latest = cache.runs.latest(other)?;
            let steps = latest.map(|run| StepOfRun::ids(&run)).unwrap_or_default();
            let shared = steps.iter().any(|id| stage_of(id) == folder);
            (other, shared.then_some(folder))
        } else if let Some(folder) = first_folder(other, &plan.name) {
            let mut stages = plan.steps.iter().map(|step| &step.declaration.stage);
            let shared = stages.any(|stage| *stage == folder);
            (&plan.name, shared.then_some(folder))
        } else {
            continue;
        };
        if let Some(step) = step {
            let below = if above == other { &plan.name } else { other };
            return Err(refused(format!(
                "results of `{below}` would be in the folder of the step `{step}` of `{above}`"
            )));
        }
    }
    Ok(())
}

fn taken(plan: &Plan, other: &Path) -> CliError {
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| other.strip_prefix(here).ok());
    refused(format!(
        "{} and {} are both called `{}`: they would overwrite each other's results",
        plan.manifest,
        short.unwrap_or(other).display(),
        plan.name
    ))
}

fn refused(message: String) -> CliError {
    let diagnostic = Diagnostic::new("manifest::name_taken", message)
        .help("rename one of them: add a line `name = \"...\"` at the top of its file");
    CliError::Manifest(diagnostic.into())
}
