//! `pipe run --watch`: runs again whenever something changes that results depend on.

use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use miette::Report;
use pipe_engine::exec::Resolver;
use pipe_foundation::Digest;

use super::arguments::Common;
use super::console::print_error;
use super::context;
use super::error::CliError;
use super::run_arguments::RunArguments;
use super::shown_error::show_error;
use super::signals::Signals;
use super::{json, local_run};

/// How long it waits between two looks, at least.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Of many recordings a look takes long; the wait after it takes this many times longer.
const WAIT_PER_LOOK: u32 = 20;
/// How often it sees whether it is to end.
const HEED_EVERY: Duration = Duration::from_millis(50);

/// Runs, and again after every change, until a signal ends it.
pub fn watch(arguments: &RunArguments, common: &Common) -> Result<u8, CliError> {
    let manifest = &arguments.manifest.manifest;
    if !manifest.is_file() {
        return Err(CliError::Usage {
            message: format!("{} is no file that can be watched", manifest.display()),
            help: "give a manifest in a file, or leave out --watch".into(),
        });
    }
    let signals = Signals::listen();
    let mut done = None;
    while !signals.asked() {
        let started = Instant::now();
        let state = state(arguments, common, &signals);
        let took = started.elapsed();
        if done.as_ref() == Some(&state) || signals.asked() {
            wait(LOOK_EVERY.max(took * WAIT_PER_LOOK), &signals);
            continue;
        }
        if done.is_some() {
            // An editor, or whatever copies recordings, may not be through yet.
            wait(LOOK_EVERY, &signals);
            if signals.asked() || self::state(arguments, common, &signals) != state {
                continue;
            }
        }
        if let Err(error) = local_run::run(arguments, common) {
            let code = error.code();
            if !common.json || json::error(&error, 0, code).is_err() {
                show_error(error);
            }
        }
        // What changed during the run is another state than that before it.
        done = Some(state);
        if !signals.asked() && !common.json && !arguments.telling.quiet {
            print_error("watching for changes; Ctrl-C ends");
        }
    }
    Ok(signals.exit_code())
}

/// All that results depend on but each other: which steps there are, with what keys are made of before anything runs, or what
/// keeps that from being known.
#[derive(PartialEq)]
enum State {
    Planned(Vec<(String, Option<Digest>, Option<String>)>),
    Wrong(String),
}

fn state(arguments: &RunArguments, common: &Common, signals: &Signals) -> State {
    planned(arguments, common, signals).unwrap_or_else(|error| State::Wrong(text_of(&error)))
}

fn planned(
    arguments: &RunArguments,
    common: &Common,
    signals: &Signals,
) -> Result<State, CliError> {
    let devices = context::device_of_results(&arguments.device)?;
    let plan = context::plan_to_run(&arguments.manifest, devices, arguments.sandbox, common)?;
    // There will be many.
    let plan = ManuallyDrop::into_inner(plan);
    let cache = context::cache_to_read(common, false)?;
    let selection = arguments.target.selection(&plan)?;
    let asked = || signals.asked();
    let resolver = Resolver::of(&plan, &cache, selection.as_ref(), &asked);
    let keys = resolver.plan_keys(selection.as_ref());
    let steps = plan.steps.iter().zip(keys).enumerate();
    let steps = steps.map(|(index, (step, key))| {
        let unlisted = resolver.take_failure(index);
        let unlisted = unlisted.map(|error| error.to_string());
        (step.id().to_owned(), key, unlisted)
    });
    Ok(State::Planned(steps.collect()))
}

fn text_of(error: &CliError) -> String {
    match error {
        CliError::Manifest(problems) => {
            let shown = problems.shown().iter();
            let shown = shown.map(|problem| format!("{:?}", Report::new(problem.clone())));
            shown.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

fn wait(period: Duration, signals: &Signals) {
    let until = Instant::now() + period;
    while !signals.asked() && Instant::now() < until {
        std::thread::sleep(HEED_EVERY);
    }
}
