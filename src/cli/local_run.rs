//! A run in this process: brings every step up to date and shows what came of it.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex};

use pipe_engine::cache::Cache;
use pipe_engine::exec::{Observer, RunOptions, RunSummary, Selection, Status, run as execute};
use pipe_foundation::sync;

use crate::lock::LockFile;
use crate::track::{TrackTarget, Tracking};
use pipe_stages::domain::SpeechPlan;
use pipe_stages::visible_devices;

use super::arguments::Common;
use super::bars::BarObserver;
use super::console::print_error;
use super::context;
use super::error::CliError;
use super::json::JsonObserver;
use super::lines::{LineObserver, counted};
use super::quiet::QuietObserver;
use super::run_arguments::RunArguments;
use super::signals::Signals;
use super::telling::TellingArguments;
use super::{lock, own_name, permission, remote_cache};

/// Runs a manifest in this process.
pub fn run(arguments: &RunArguments, common: &Common) -> Result<u8, CliError> {
    if arguments.portable {
        pipe_foundation::arithmetic::force_portable();
    }
    let device = &arguments.device;
    let device = device.device.resolve(device.tf32)?;
    let plan = permission::plan(arguments, device, common)?;
    let selection = arguments.target.selection(&plan)?;
    let track = arguments.track.as_deref().map(TrackTarget::parse);
    let track = track.transpose()?;
    let mut cache = context::cache(common, arguments.manifest.rehash)?;
    remote_cache::connect(&mut cache, &arguments.remote, common)?;
    own_name::claim(&plan, &cache, &common.limits())?;
    let lock = match arguments.locked {
        true => Some(lock::hold(&plan, &cache, common)?),
        false => None,
    };
    let expected = lock.as_ref().map(LockFile::expected);
    let signals = Signals::listen_for(&cache);
    let (observer, lost) = listening(common, &arguments.telling, &signals);
    let mut options = RunOptions {
        keep_going: arguments.keep_going,
        runs: arguments.runs.path(),
        expected: expected.as_ref(),
        selection: selection.as_ref(),
        devices: visible_devices::count(),
        ..RunOptions::default()
    };
    options.jobs = arguments.jobs.map_or(options.jobs, usize::from);
    options.memory_bytes = arguments.memory.unwrap_or(options.memory_bytes);
    options.checkpoint_bytes = arguments
        .keep_checkpoints
        .unwrap_or(options.checkpoint_bytes);
    let summary = match &track {
        None => execute(&plan, &cache, &options, observer.as_ref())?,
        Some(target) => {
            let tracking = Tracking::new(target, &plan, &cache, observer.as_ref());
            execute(&plan, &cache, &options, &tracking)?
        }
    };
    drop(observer);
    let run = Ended {
        plan: &plan,
        cache: &cache,
        arguments,
        common,
        lock: lock.as_ref(),
        selection: selection.as_ref(),
        signals: &signals,
    };
    run.show(&summary, &lost)
}

/// A run that has ended, to be shown.
pub struct Ended<'a> {
    /// Its plan.
    pub plan: &'a SpeechPlan,
    /// Its cache.
    pub cache: &'a Cache,
    /// How it was asked for.
    pub arguments: &'a RunArguments,
    /// How it was asked for.
    pub common: &'a Common,
    /// The lock file that it was held to.
    pub lock: Option<&'a LockFile>,
    /// The steps that it was about; all without one.
    pub selection: Option<&'a Selection>,
    /// Which signal stopped it.
    pub signals: &'a Signals,
}

impl Ended<'_> {
    /// Writes its pages, shows what came of it, and gives its exit code.
    pub fn show(
        &self,
        summary: &RunSummary,
        lost: &Mutex<Option<std::io::Error>>,
    ) -> Result<u8, CliError> {
        let Self {
            plan,
            cache,
            arguments,
            common,
            lock,
            selection,
            signals,
        } = *self;
        if !summary.interrupted {
            super::report::write_pages(plan, cache, &summary.results, arguments.runs.path())?;
        }
        if summary.interrupted && !common.json {
            print_error("stopped; the same command continues from here");
        } else if !common.json {
            let is_wanted = |step: usize| selection.is_none_or(|all| all.wants(step));
            let is_skipped = |step: &usize| summary.steps[*step].status == Status::Skipped;
            let wanted = (0..summary.steps.len()).filter(|&step| is_wanted(step));
            let skipped = wanted.filter(is_skipped).count();
            let quiet = arguments.telling.quiet;
            if !quiet {
                tell_failures(summary, skipped, arguments.keep_going);
            }
            tell_blocked(summary, arguments.runs.path());
            tell_lost(summary, arguments.runs.path(), &common.cache);
            if !quiet {
                super::report::show(plan, cache, summary, arguments.runs.path())?;
            }
        }
        let mut code = exit_code(summary, signals);
        if let (Some(lock), 0) = (lock, code) {
            let claimed = lock::metric_lines(lock, plan, cache)?;
            if !claimed.is_empty() {
                print_error(&format!(
                    "every result is as in the lock file, but its metrics are not those of the results; it was edited:\n{}",
                    claimed.trim_end()
                ));
                code = 1;
            }
        }
        // Standard output cannot say it.
        let lost = sync::lock(lost).take();
        Ok(match lost {
            Some(reason) => {
                print_error(&format!(
                    "events could not be written to standard output: {reason}"
                ));
                code.max(1)
            }
            None => code,
        })
    }
}

/// Who shows the events of a run, and why some of them could not be written, once that happens.
pub fn listening(
    common: &Common,
    telling: &TellingArguments,
    signals: &Signals,
) -> (Box<dyn Observer>, Arc<Mutex<Option<std::io::Error>>>) {
    let lost = Arc::default();
    let observer: Box<dyn Observer> = if common.json {
        let every = telling.progress_every();
        Box::new(JsonObserver::new(signals.clone(), every, Arc::clone(&lost)))
    } else if telling.quiet {
        Box::new(QuietObserver::new(signals.clone()))
    } else if std::io::stderr().is_terminal() {
        Box::new(BarObserver::new(signals.clone()))
    } else {
        Box::new(LineObserver::new(signals.clone()))
    };
    (observer, lost)
}

/// That results are not where people look for them, after the warnings that say why.
fn tell_blocked(summary: &RunSummary, runs: &Path) {
    if summary.blocked > 0 {
        let steps = counted(summary.blocked, "step");
        let runs = runs.display();
        print_error(&format!(
            "\nresults of {steps} are in the cache and not below {runs}: something else is in their place"
        ));
    }
}

/// That results are nowhere.
fn tell_lost(summary: &RunSummary, runs: &Path, cache: &Path) {
    if summary.lost > 0 {
        let steps = counted(summary.lost, "step");
        let (runs, cache) = (runs.display(), cache.display());
        print_error(&format!(
            "\nresults of {steps} were computed and could be put nowhere: neither {runs} nor the cache {cache} can be written; choose others with --runs and --cache"
        ));
    }
}

/// What failed, once more in short, where its errors have scrolled away, and that `skipped` steps did not run for it.
pub fn tell_failures(summary: &RunSummary, skipped: usize, kept_going: bool) {
    let failed: Vec<_> = summary
        .steps
        .iter()
        .filter_map(|step| Some((step, step.error.as_ref()?)))
        .collect();
    if failed.is_empty() {
        return;
    }
    print_error("\nfailed:");
    for (step, error) in &failed {
        print_error(&format!("  {}\n      {error}", step.id));
    }
    if skipped > 0 {
        print_error(&format!(
            "{} not run{}",
            counted(skipped, "step"),
            match kept_going {
                true => " because of them",
                false => "; --keep-going continues with what does not need the failed steps",
            }
        ));
    }
}

/// 0, 1 where a step failed, or that of the signal that stopped the run.
pub fn exit_code(summary: &RunSummary, signals: &Signals) -> u8 {
    if summary.interrupted {
        return signals.exit_code();
    }
    u8::from(summary.counts.failed > 0 || summary.blocked > 0 || summary.lost > 0)
}
