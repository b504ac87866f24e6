//! Names of runs and steps as people write them.

use std::path::Path;
use std::sync::Arc;

use pipe_engine::cache::{Cache, Run};
use pipe_engine::manifest::{Limits, location, near, present_name, suggest};

use crate::project_root::root_of;

use super::error::InspectError;
use super::step::{StepOfRun, stage_of};

/// Candidates listed where a name may be several steps.
const LISTED: usize = 12;

/// The manifest that has runs and is called `name`, has the path `name`, or is the only one with this last part of its
/// name.
///
/// # Errors
/// [`InspectError::NoManifest`] with the nearest names; when the cache cannot be read.
pub fn find_manifest(cache: &Cache, name: &str) -> Result<String, InspectError> {
    let known = cache.runs.manifests()?;
    if known.iter().any(|other| other == name) {
        return Ok(name.into());
    }
    let stem = name.strip_suffix(".toml");
    if stem.is_some() {
        let path = Path::new(name);
        // One that asks for more than usual is found by its place below.
        let present = present_name(path, &root_of(path), &Limits::default());
        if let Some(present) = present.filter(|present| known.contains(present)) {
            return Ok(present);
        }
        let own = location(path);
        for other in &known {
            if cache.owner(other)?.is_some_and(|owner| owner == own) {
                return Ok(other.clone());
            }
        }
    }
    let last_part = stem.unwrap_or(name);
    let ends_so = |other: &&String| other.rsplit('/').next() == Some(last_part);
    let mut alike = known.iter().filter(ends_so);
    let by_last_part = alike.next().filter(|_| alike.next().is_none());
    by_last_part
        .cloned()
        .ok_or_else(|| InspectError::NoManifest {
            name: name.into(),
            help: match known.is_empty() {
                true => "the cache has no runs at all; start one with `pipe run`".into(),
                false => suggest(name, known.iter().map(String::as_str)),
            },
        })
}

/// Which of a manifest's runs.
enum Which {
    Latest,
    Number(u64),
    Before(usize),
}

/// The run called `demo:3` (by number), `demo` (the latest) or `demo~1` (this many before the latest).
///
/// # Errors
/// When no manifest or run has the name, or the cache cannot be read.
pub fn find_run(cache: &Cache, name: &str) -> Result<Run, InspectError> {
    let numbered = name.rsplit_once(':').and_then(|(manifest, number)| {
        let number = number.parse().ok()?;
        Some((manifest, Which::Number(number)))
    });
    let before = name.rsplit_once('~').and_then(|(manifest, count)| {
        let count = if count.is_empty() { "1" } else { count };
        Some((manifest, Which::Before(count.parse().ok()?)))
    });
    // A manifest may have a name of such a form.
    let whole = cache.runs.manifests()?.iter().any(|known| known == name);
    let (manifest, which) = numbered
        .or(before)
        .filter(|_| !whole)
        .unwrap_or((name, Which::Latest));
    let manifest = find_manifest(cache, manifest)?;
    let mut runs = cache.runs.all(&manifest)?;
    let numbers: Vec<String> = runs.iter().map(|run| run.number.to_string()).collect();
    let position = match which {
        Which::Latest => runs.len().checked_sub(1),
        Which::Number(number) => runs.iter().position(|run| run.number == number),
        Which::Before(count) => runs.len().checked_sub(count.saturating_add(1)),
    };
    match position {
        Some(position) => Ok(runs.swap_remove(position)),
        None => Err(InspectError::NoRun {
            wanted: match which {
                Which::Latest => "that can be read".into(),
                Which::Number(number) => number.to_string(),
                Which::Before(count) => format!("{count} before its latest"),
            },
            help: match (numbers.first(), numbers.last()) {
                (Some(first), Some(last)) if first != last => {
                    format!("its runs are {first} to {last}; `pipe runs {manifest}` lists them")
                }
                (Some(only), _) => format!("its only run is {manifest}:{only}"),
                _ => "run it again".into(),
            },
            manifest,
        }),
    }
}

/// Takes `RUN/STEP` apart where what is before a `/` is a run. Names of runs may hold `/` too: the longest one with
/// such a step is meant, and none where no run has such a step and the whole is the name of a run.
pub fn run_and_step<'n>(cache: &Cache, name: &'n str) -> Option<(Run, &'n str)> {
    let parts = name.rmatch_indices('/').filter_map(|(at, _)| {
        let run = find_run(cache, &name[..at]).ok()?;
        Some((run, &name[at + 1..]))
    });
    let mut parts: Vec<(Run, &str)> = parts.collect();
    let has_step = |(run, step): &(Run, &str)| !matches(Arc::new(run.clone()), step).is_empty();
    match parts.iter().position(has_step) {
        Some(at) => Some(parts.swap_remove(at)),
        None if find_run(cache, name).is_ok() => None,
        None => parts.into_iter().next(),
    }
}

/// The step called `name`: of `run` where it is given, otherwise as `RUN/STEP`, otherwise of the latest run of any
/// manifest that has such a step. A part of the name that no other step has is enough.
///
/// # Errors
/// When no step, or several, may be meant, or the cache cannot be read.
pub fn find_step(cache: &Cache, run: Option<Run>, name: &str) -> Result<StepOfRun, InspectError> {
    if let Some(run) = run {
        return in_run(run, name);
    }
    if let Some((run, step)) = run_and_step(cache, name) {
        return in_run(run, step);
    }
    let manifests = cache.runs.manifests()?;
    let mut found: Vec<StepOfRun> = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for manifest in &manifests {
        let runs = cache.runs.all(manifest)?;
        known.extend(runs.last().iter().flat_map(|run| StepOfRun::ids(run)));
        let mut with_step = runs
            .into_iter()
            .rev()
            .map(|run| matches(Arc::new(run), name));
        found.extend(
            with_step
                .find(|steps| !steps.is_empty())
                .unwrap_or_default(),
        );
    }
    // Where one manifest names it exactly, parts of names elsewhere are not meant.
    if found.iter().any(|step| step.id == name) {
        found.retain(|step| step.id == name);
    }
    // Manifests that share a step have one result.
    let same = |step: &StepOfRun| step.key().is_some() && step.key() == found[0].key();
    if found.len() > 1 && found.iter().all(same) {
        found.truncate(1);
    }
    one(found, name, "the latest run of any manifest", &known, true)
}

fn in_run(run: Run, name: &str) -> Result<StepOfRun, InspectError> {
    let run = Arc::new(run);
    let found = matches(run.clone(), name);
    let known = StepOfRun::ids(&run);
    one(found, name, &format!("the run {run}"), &known, false)
}

fn one(
    mut found: Vec<StepOfRun>,
    name: &str,
    place: &str,
    known: &[String],
    with_run: bool,
) -> Result<StepOfRun, InspectError> {
    if found.len() == 1 {
        return Ok(found.remove(0));
    }
    if found.is_empty() {
        let stages = known.iter().map(|id| stage_of(id));
        let near = near(name, stages.clone());
        let ids = known.iter().map(String::as_str);
        let help = match near.is_empty() {
            true => suggest(name, ids),
            false => suggest(name, stages),
        };
        return Err(InspectError::NoStep {
            place: place.into(),
            name: name.into(),
            help,
        });
    }
    let mut lines: Vec<String> = found
        .iter()
        .take(LISTED)
        .map(|step| match with_run {
            true => format!("  {}/{}", step.run, step.id),
            false => format!("  {}", step.id),
        })
        .collect();
    if found.len() > LISTED {
        lines.push(format!("  and {} more", found.len() - LISTED));
    }
    Err(InspectError::Ambiguous {
        name: name.into(),
        count: found.len(),
        candidates: lines.join("\n"),
    })
}

/// Steps of `run` that `name` may mean: the one with this id, or those of this stage, or those with it inside, or
/// with each of its words inside.
fn matches(run: Arc<Run>, name: &str) -> Vec<StepOfRun> {
    let ids = StepOfRun::ids(&run);
    let lower = name.to_lowercase();
    let words = || lower.split([' ', ',']).filter(|word| !word.is_empty());
    let is_named = |id: &str| id == name;
    let is_of_stage = |id: &str| stage_of(id) == name;
    let holds_it = |id: &str| id.to_lowercase().contains(&lower);
    let holds_words = |id: &str| words().all(|word| id.to_lowercase().contains(word));
    let rules: [&dyn Fn(&str) -> bool; 4] = [&is_named, &is_of_stage, &holds_it, &holds_words];
    let found = rules.iter().map(|rule| {
        let ids = ids.iter().filter(|id| rule(id));
        ids.cloned().collect::<Vec<String>>()
    });
    let found = found.into_iter().find(|found| !found.is_empty());
    found
        .unwrap_or_default()
        .into_iter()
        .map(|id| StepOfRun {
            run: run.clone(),
            id,
        })
        .collect()
}
