//! `pipe lock`, and what `pipe run --locked` makes of a lock file.

use std::path::Path;

use pipe_engine::cache::Cache;
use pipe_engine::exec::{MissingInputs, Resolver};
use pipe_engine::manifest::location;
use pipe_engine::plan::Plan;
use pipe_foundation::durable;
use pipe_foundation::system::RealSystem;
use serde_json::json;

use crate::bundle::number_changes;
use crate::lock::{LockFile, LockedData, StepChange, changes, data_of, lock_of, lock_path};
use pipe_stages::domain::SpeechPlan;

use super::arguments::{Common, LockArguments};
use super::console::{print, print_error};
use super::error::CliError;
use super::lines::counted;
use super::number_line::number_line;
use super::output_file::{LOCK, check_replaceable};
use super::reason::reason_lines;
use super::{context, own_name};

/// How many steps are named that are not done, or that differ.
const SHOWN: usize = 8;

/// Writes the lock file of a manifest that has been run.
pub fn lock(arguments: &LockArguments, common: &Common) -> Result<u8, CliError> {
    let device = context::device_of_results(&arguments.device)?;
    let plan = context::plan(&arguments.manifest, device, common)?;
    let cache = context::cache_to_read(common, arguments.manifest.rehash)?;
    own_name::check(&plan, &cache, &common.limits())?;
    let lock = current(&plan, &cache)?;
    let path = arguments.out.clone();
    let path = path.unwrap_or_else(|| lock_path(&arguments.manifest.manifest));
    check_replaceable(&path, &LOCK)?;
    let written = durable::write(&RealSystem, &path, lock.to_text().as_bytes());
    written.map_err(|reason| CliError::Output {
        what: path.display().to_string(),
        reason,
    })?;
    if location(&path) != location(&lock_path(&arguments.manifest.manifest)) {
        remember(&path, common)?;
    }
    let steps = counted(lock.steps.len(), "step");
    print(&match common.json {
        true => format!(
            "{}\n",
            json!({ "event": "locked", "file": path, "steps": lock.steps.len() })
        ),
        false => format!("{}: {steps}\n", path.display()),
    })?;
    Ok(0)
}

/// Has the cache know of a lock file that is not beside its manifest, so that its results stay.
fn remember(path: &Path, common: &Common) -> Result<(), CliError> {
    let cache = context::existing_cache(common)?;
    match cache.why_not_stored() {
        None => Ok(cache.remember_lock_file(path)?),
        Some(reason) => {
            let path = path.display();
            print_error(&format!(
                "warning: the cache cannot be written ({reason}), so `pipe cache gc` does not know of {path}"
            ));
            Ok(())
        }
    }
}

/// What the cache says that a run of `plan` gave, which must be complete.
pub fn current(plan: &SpeechPlan, cache: &Cache) -> Result<LockFile, CliError> {
    let resolver = Resolver::new(plan, cache, &|| false);
    let statuses = resolver.all(MissingInputs::Refused)?;
    let results = resolver.into_results(statuses);
    lock_of(plan, cache, &results)?.map_err(|open| {
        let shown = open.iter().take(SHOWN).map(|id| format!("`{id}`"));
        let mut shown = shown.collect::<Vec<_>>().join(", ");
        if let Some(more) = open.len().checked_sub(SHOWN).filter(|&more| more > 0) {
            shown.push_str(&format!(" and {more} more"));
        }
        CliError::Usage {
            message: format!(
                "{} not up to date: {shown}",
                match open.len() {
                    1 => "1 step is".into(),
                    _ => format!("{} are", counted(open.len(), "step")),
                }
            ),
            help: format!("`pipe run {}` brings everything up to date", plan.manifest),
        }
    })
}

/// The lock file of a manifest, once it is made sure that nothing known of the plan differs from it.
pub fn hold(plan: &Plan, cache: &Cache, common: &Common) -> Result<LockFile, CliError> {
    let path = lock_path(Path::new(&plan.manifest));
    let lock = LockFile::read(&path, common.limits().file_bytes)?;
    if !may_be_of(&plan.name, &lock.manifest) {
        return Err(CliError::Usage {
            message: format!(
                "{} is the lock file of {}, not of {}",
                path.display(),
                lock.manifest,
                plan.name
            ),
            help: format!(
                "put the lock file of {} there, or have `pipe lock {}` write one",
                plan.name, plan.manifest
            ),
        });
    }
    let resolver = Resolver::new(plan, cache, &|| false);
    let statuses = resolver.all(MissingInputs::Refused)?;
    let differing = changes(&lock, cache, &resolver, &statuses)?;
    let listings: Vec<_> = resolver.into_listings();
    let data = data_lines(&lock.data, &data_of(plan, &listings));
    if differing.is_empty() && data.is_empty() {
        return Ok(lock);
    }
    Err(CliError::NotAsLocked {
        manifest: plan.manifest.clone(),
        lock: path.display().to_string(),
        changes: format!("{data}{}", change_lines(&differing)),
    })
}

/// Whether a manifest that goes by `name` here may be the one that is called `locked` in its lock file: names are paths from
/// the folder that a command is run in, so one of them may be longer.
fn may_be_of(name: &str, locked: &str) -> bool {
    let (name, locked) = (Path::new(name), Path::new(locked));
    name.ends_with(locked) || locked.ends_with(name)
}

/// Metrics in the lock file that its evaluations do not reach, in lines, after a run that gave what it says.
pub fn metric_lines(lock: &LockFile, plan: &SpeechPlan, cache: &Cache) -> Result<String, CliError> {
    let here = current(plan, cache)?;
    let mut text = String::new();
    for (old, new) in lock.steps.iter().zip(&here.steps) {
        let changes = number_changes(&new.id, &old.metrics, &new.metrics);
        changes
            .iter()
            .for_each(|change| text.push_str(&number_line(change)));
    }
    Ok(text)
}

/// How the data differ, a line for each corpus and split.
pub fn data_lines(before: &[LockedData], now: &[LockedData]) -> String {
    let part = |data: &LockedData| (data.source.clone(), data.corpus.clone(), data.split.clone());
    let mut parts: Vec<_> = before.iter().chain(now).map(part).collect();
    parts.sort();
    parts.dedup();
    let mut text = String::new();
    for wanted in parts {
        let find = |all: &[LockedData]| all.iter().find(|data| part(data) == wanted).cloned();
        let (old, new) = (find(before), find(now));
        if old == new {
            continue;
        }
        let count = |data: &Option<LockedData>| data.as_ref().map_or(0, |data| data.utterances);
        let (source, corpus, split) = wanted;
        let (old, new) = (count(&old), count(&new));
        text.push_str(&match old == new {
            true => format!("{source}: {corpus}, {split}: {old} utterances, not the same\n"),
            false => format!("{source}: {corpus}, {split}: {old} utterances -> {new}\n"),
        });
    }
    text
}

/// How steps differ, in the words of `pipe why`.
pub fn change_lines(changes: &[StepChange]) -> String {
    let mut text = String::new();
    for change in changes.iter().take(SHOWN) {
        text.push_str(&match change {
            StepChange::Added { step } => format!("{step}\n  is not in the lock file\n"),
            StepChange::Removed { step } => format!("{step}\n  is only in the lock file\n"),
            StepChange::OtherResult { step } => {
                format!("{step}\n  made another result of the same inputs\n")
            }
            StepChange::Changed { step, reasons } => format!("{step}\n{}", reason_lines(reasons)),
        });
    }
    if let Some(more) = changes.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        text.push_str(&format!("and {} more\n", counted(more, "step")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_called_otherwise_from_other_folders() {
        for (name, locked, may) in [
            ("demo", "demo", true),
            ("received/project/pipelines/demo", "demo", true),
            ("demo", "paper/demo", true),
            ("demo", "other", false),
            ("paper/demo", "thesis/demo", false),
            ("my-demo", "demo", false),
        ] {
            assert_eq!(may_be_of(name, locked), may, "{name} {locked}");
        }
    }
}
