//! `pipe run`: brings every step up to date and shows what came of it.

use std::io::IsTerminal;

use crate::exec::{Observer, RunOptions, RunSummary, available_bytes, run as execute};

use super::CliError;
use super::arguments::{Common, RunArguments};
use super::bars::BarObserver;
use super::context;
use super::json::JsonObserver;
use super::lines::LineObserver;
use super::signals::Signals;

/// Runs a manifest.
pub fn run(arguments: &RunArguments, common: &Common) -> Result<u8, CliError> {
    if arguments.portable {
        crate::arithmetic::force_portable();
    }
    let plan = context::plan(&arguments.manifest, common)?;
    let cache = context::cache(common, arguments.manifest.rehash)?;
    let signals = Signals::listen();
    let observer: Box<dyn Observer> = if common.json {
        Box::new(JsonObserver {
            signals: signals.clone(),
        })
    } else if std::io::stderr().is_terminal() {
        Box::new(BarObserver::new(signals.clone()))
    } else {
        Box::new(LineObserver::new(signals.clone()))
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.map_or(cores, usize::from);
    let options = RunOptions {
        jobs,
        memory_bytes: arguments.memory.unwrap_or_else(available_bytes),
        runs: &arguments.runs,
    };
    let summary = execute(&plan, &cache, &options, observer.as_ref())?;
    drop(observer);
    if summary.interrupted && !common.json {
        eprintln!("stopped; the same command goes on from here");
    } else if !common.json {
        super::report::show(&plan, &cache, &summary, &arguments.runs)?;
    }
    Ok(exit_code(&summary, &signals))
}

fn exit_code(summary: &RunSummary, signals: &Signals) -> u8 {
    if summary.interrupted {
        return signals.exit_code();
    }
    u8::from(summary.counts.failed > 0)
}
