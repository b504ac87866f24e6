//! `pipe diff`: what differs between two runs, or two steps.

use pipe_engine::cache::{Cache, Run};

use crate::inspect::{
    Depth, InspectError, StepOfRun, compare_runs, compare_steps, find_run, find_step, run_and_step,
};

use super::arguments::{Common, DiffArguments};
use super::console::{console_width, print};
use super::context;
use super::error::CliError;
use super::paint::colours;
use super::visible::with_own_colours;

mod cells;
mod numbers;
mod sheet;

use sheet::sheet;

/// One side of a comparison.
enum Named {
    Run(Box<Run>),
    Step(StepOfRun),
}

/// Compares two runs, a run with the one before it, or two steps.
pub fn diff(arguments: &DiffArguments, common: &Common) -> Result<u8, CliError> {
    let cache = context::existing_cache_to_read(common)?;
    let first = named(&cache, &arguments.before)?;
    let pair = match &arguments.after {
        Some(after) => (first, named(&cache, after)?),
        None => (earlier(&cache, &first)?, first),
    };
    let comparison = match pair {
        (Named::Run(before), Named::Run(after)) => {
            compare_runs(&cache, &before, &after, Depth::Results)?
        }
        (Named::Step(before), Named::Step(after)) => compare_steps(&cache, &before, &after)?,
        _ => {
            return Err(CliError::Usage {
                message: "a run cannot be compared with a step".into(),
                help: "give two runs, or two steps such as demo:1/test and demo:2/test".into(),
            });
        }
    };
    let text = match common.json {
        true => format!("{}\n", serde_json::json!(comparison)),
        false => {
            let width = console_width();
            with_own_colours(
                &sheet(&comparison, arguments.all, width).to_terminal(width, colours()),
            )
        }
    };
    print(&text)?;
    Ok(0)
}

fn named(cache: &Cache, name: &str) -> Result<Named, InspectError> {
    if let Some((run, step)) = run_and_step(cache, name) {
        return find_step(cache, Some(run), step).map(Named::Step);
    }
    match find_run(cache, name) {
        Ok(run) => Ok(Named::Run(Box::new(run))),
        // Without a run in front, a step of the latest run is meant; if there is none, the run was.
        Err(unknown @ InspectError::NoManifest { .. }) => match find_step(cache, None, name) {
            Err(InspectError::NoStep { .. }) => Err(unknown),
            found => found.map(Named::Step),
        },
        Err(error) => Err(error),
    }
}

/// The run before, or the same step of it.
fn earlier(cache: &Cache, named: &Named) -> Result<Named, CliError> {
    let run: &Run = match named {
        Named::Run(run) => run,
        Named::Step(step) => &step.run,
    };
    let runs = cache.runs.all(&run.manifest)?;
    let before = runs.into_iter().rev().find(|b| b.number < run.number);
    let before = before.ok_or_else(|| CliError::Usage {
        message: format!("there is no run before {run}"),
        help: "give two runs; `pipe runs` lists them".into(),
    })?;
    Ok(match named {
        Named::Run(_) => Named::Run(Box::new(before)),
        Named::Step(step) => Named::Step(find_step(cache, Some(before), &step.id)?),
    })
}
