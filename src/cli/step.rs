//! `pipe step`: one step of a manifest, or the task of a job of a cluster; what it makes goes into the cache alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use miette::Report;
use pipe_cluster::{Ledger, Left, PieceFile, TaskFile};
use pipe_engine::cache::Cache;
use pipe_engine::exec::{
    Event, ItemShare, Observer, PlanUnit, Resolver, RunOptions, Selection, Status, run as execute,
    units,
};
use pipe_engine::manifest::suggest;
use pipe_foundation::system::{RealSystem, System};
use pipe_foundation::{Digest, regular_file, sync};
use pipe_stages::domain::SpeechPlan;
use pipe_stages::visible_devices;

use crate::cluster::plan_key_of;
use crate::track::{TrackTarget, Tracking};

use super::arguments::Common;
use super::cluster_arguments::StepArguments;
use super::console::print_error;
use super::error::CliError;
use super::held_key::held_key;
use super::local_run::listening;
use super::signals::Signals;
use super::{context, own_name, permission};

/// How long inputs are waited for that another machine has just made: a shared file system may show them late.
const LATE: Duration = Duration::from_secs(60);
/// How often they are looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// What came of a piece of work.
enum Came {
    /// It is done.
    Done,
    /// It failed.
    Failed(Left),
    /// A signal has ended it.
    Interrupted,
}

/// Does one step, or the pieces of a task one after another.
pub fn step(arguments: &StepArguments, common: &Common) -> Result<u8, CliError> {
    let run = &arguments.run;
    if !run.target.targets.is_empty() {
        return Err(CliError::Usage {
            message: "`pipe step` is about one step, and `--target` about others".into(),
            help: "`pipe run --target STEP` brings a step up to date with what it is made from"
                .into(),
        });
    }
    if run.portable {
        pipe_foundation::arithmetic::force_portable();
    }
    let device = run.device.device.resolve(run.device.tf32)?;
    let plan = permission::plan(run, device, common)?;
    let cache = context::cache(common, run.manifest.rehash)?;
    own_name::check(&plan, &cache, &common.limits())?;
    let signals = Signals::listen_for(&cache);
    let job = Job {
        arguments,
        common,
        all: units(&plan),
        plan: &plan,
        cache: &cache,
        signals: &signals,
    };
    match (&arguments.tasks, arguments.task) {
        (Some(file), Some(task)) => job.task(file, task),
        _ => job.named(arguments.step.as_deref().unwrap_or_default()),
    }
}

/// One process that does steps.
struct Job<'a> {
    arguments: &'a StepArguments,
    common: &'a Common,
    plan: &'a SpeechPlan,
    all: Vec<PlanUnit>,
    cache: &'a Cache,
    signals: &'a Signals,
}

impl Job<'_> {
    fn unit_of(&self, name: &str) -> Result<&PlanUnit, CliError> {
        let step = self.plan.find(name);
        let unit = step.and_then(|step| self.all.iter().find(|unit| unit.steps.contains(&step)));
        unit.ok_or_else(|| CliError::Usage {
            message: format!("the manifest has no step `{name}`"),
            help: suggest(name, self.plan.steps.iter().map(|step| step.id())),
        })
    }

    /// The step that the user names.
    fn named(&self, name: &str) -> Result<u8, CliError> {
        let unit = self.unit_of(name)?;
        let key = match &self.arguments.key {
            None => None,
            Some(text) => Some(Digest::parse(text).ok_or_else(|| CliError::Usage {
                message: format!("`{text}` is no key"),
                help: "a key has 64 hexadecimal digits; `pipe run --json` prints them".into(),
            })?),
        };
        let step = self.plan.find(name);
        let keyed = step.zip(key);
        let hold = || match keyed {
            Some((step, key)) => held_key(self.plan, self.cache, step, &key),
            None => Ok(true),
        };
        let is_known = hold()?;
        let keys: BTreeMap<usize, Digest> = keyed.into_iter().collect();
        let came = self.work(&[unit], &keys, None, &|_| false)?.pop();
        if matches!(came, Some(Came::Done)) && !is_known {
            hold()?;
        }
        Ok(match came {
            Some(Came::Failed(left)) => {
                if left == Left::WithoutInputs {
                    print_error(&format!(
                        "`{name}` did not run: its inputs are not in the cache"
                    ));
                }
                1
            }
            Some(Came::Interrupted) => self.signals.exit_code(),
            _ => 0,
        })
    }

    /// A task of an array. One with several pieces counts as done once all were tried: what needs a piece that failed finds
    /// out itself.
    fn task(&self, file: &Path, number: u32) -> Result<u8, CliError> {
        let unusable = |reason: String| CliError::Usage {
            message: format!("cannot use {}: {reason}", file.display()),
            help: "`pipe run --executor slurm` writes such files".into(),
        };
        let text = regular_file::read_whole_text(file);
        let text = text.map_err(|error| unusable(error.to_string()))?;
        let mut tasks: TaskFile =
            serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        let pieces = tasks.tasks.remove(&number);
        let pieces = pieces.ok_or_else(|| unusable(format!("it has no task {number}")))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let ledger = Ledger::at(Arc::new(RealSystem), folder.to_path_buf());
        let mut wanted = Vec::new();
        let mut keys = BTreeMap::new();
        for piece in &pieces {
            let unit = self.unit_of(&piece.unit)?;
            if let (Some(key), false) =
                (piece.key.as_deref().and_then(Digest::parse), unit.is_group)
            {
                keys.insert(unit.steps[0], key);
            }
            wanted.push(unit);
        }
        let share = pieces.first().and_then(|piece| piece.share);
        let share = share.map(|share| ItemShare {
            number: share.number,
            of: share.of,
        });
        let came = match self.refusals(&wanted, &pieces) {
            Some(refusals) => refusals,
            None => {
                let has_failed = |unit: usize| {
                    let name = self.plan.steps[self.all[unit].steps[0]].id();
                    ledger.left(name).is_ok_and(|left| left.is_some())
                };
                self.work(&wanted, &keys, share, &has_failed)?
            }
        };
        let mut failed = false;
        for (piece, came) in pieces.iter().zip(came) {
            match came {
                Came::Done => {}
                Came::Interrupted => return Ok(self.signals.exit_code()),
                Came::Failed(left) => {
                    failed = true;
                    ledger.leave(&piece.unit, &left)?;
                }
            }
        }
        Ok(u8::from(failed && pieces.len() == 1))
    }

    /// That pieces are not what they were when the run was planned; none where all are.
    fn refusals(&self, wanted: &[&PlanUnit], pieces: &[PieceFile]) -> Option<Vec<Came>> {
        let steps = wanted.iter().flat_map(|unit| unit.steps.iter().copied());
        let selection = Selection::alone(self.plan, steps);
        let interrupted = || self.signals.asked();
        let resolver = Resolver::of(self.plan, self.cache, Some(&selection), &interrupted);
        let keys = resolver.plan_keys(Some(&selection));
        let own = wanted.iter().map(|unit| plan_key_of(&unit.steps, &keys));
        let differs: Vec<bool> = own
            .zip(pieces)
            .map(|(own, piece)| own.map(|key| key.hex()) != piece.plan_key)
            .collect();
        if interrupted() || !differs.contains(&true) {
            return None;
        }
        let refused = |(piece, differs): (&PieceFile, bool)| {
            let reason = match differs {
                true => format!(
                    "`{}` is not the step here that it was where the run was planned",
                    piece.unit
                ),
                false => {
                    "another step of its job is not what it was where the run was planned".into()
                }
            };
            print_error(&reason);
            Came::Failed(Left::Failed {
                reason,
                code: Some("cluster::key".into()),
                help: Some("the manifest, a file that it names or the program has changed since, or this machine sees another; `pipe cancel`, then run it again".into()),
            })
        };
        Some(pieces.iter().zip(differs).map(refused).collect())
    }

    /// Does the work of units, and says what came of each; `has_failed` knows of units of all that have failed elsewhere.
    fn work(
        &self,
        wanted: &[&PlanUnit],
        keys: &BTreeMap<usize, Digest>,
        share: Option<ItemShare>,
        has_failed: &dyn Fn(usize) -> bool,
    ) -> Result<Vec<Came>, CliError> {
        let steps = wanted.iter().flat_map(|unit| unit.steps.iter().copied());
        let selection = Selection::alone(self.plan, steps);
        let (observer, _) = listening(self.common, &self.arguments.run.telling, self.signals);
        let failures = Failures::new(observer.as_ref());
        let run = &self.arguments.run;
        let mut options = RunOptions {
            keep_going: run.keep_going,
            runs: run.runs.path(),
            devices: visible_devices::count(),
            selection: Some(&selection),
            share,
            keys: Some(keys),
            for_another_run: true,
            ..RunOptions::default()
        };
        options.jobs = run.jobs.map_or(options.jobs, usize::from);
        options.memory_bytes = run.memory.unwrap_or(options.memory_bytes);
        let track = run.track.as_deref().map(TrackTarget::parse).transpose()?;
        let began = RealSystem.uptime();
        loop {
            let summary = match &track {
                None => execute(self.plan, self.cache, &options, &failures)?,
                Some(target) => {
                    let tracking = Tracking::new(target, self.plan, self.cache, &failures);
                    execute(self.plan, self.cache, &options, &tracking)?
                }
            };
            let interrupted = summary.interrupted;
            let came = |unit: &&PlanUnit| {
                let failed = unit
                    .steps
                    .iter()
                    .find_map(|&step| failures.of(self.plan.steps[step].id()));
                let is_done = |&step: &usize| {
                    matches!(summary.steps[step].status, Status::Hit | Status::Executed)
                };
                match failed {
                    Some(left) => Came::Failed(left),
                    None if unit.steps.iter().all(is_done) => Came::Done,
                    None if interrupted => Came::Interrupted,
                    None if share.is_some() => Came::Done,
                    None => Came::Failed(Left::WithoutInputs),
                }
            };
            let all: Vec<Came> = wanted.iter().map(came).collect();
            let lacks = |came: &Came| matches!(came, Came::Failed(Left::WithoutInputs));
            let may_appear = |(unit, came): (&&PlanUnit, &Came)| {
                lacks(came) && !unit.after.iter().any(|&before| has_failed(before))
            };
            let waits = self.arguments.tasks.is_some()
                && RealSystem.uptime() - began < LATE
                && wanted.iter().zip(&all).any(may_appear);
            if !waits || self.signals.asked() {
                return Ok(all);
            }
            RealSystem.sleep(LOOK_AGAIN);
        }
    }
}

/// Passes everything on, and keeps why steps failed.
struct Failures<'a> {
    observer: &'a dyn Observer,
    failed: Mutex<BTreeMap<String, Left>>,
}

impl<'a> Failures<'a> {
    fn new(observer: &'a dyn Observer) -> Self {
        Self {
            observer,
            failed: Mutex::default(),
        }
    }

    fn of(&self, step: &str) -> Option<Left> {
        sync::lock(&self.failed).get(step).cloned()
    }
}

impl Observer for Failures<'_> {
    fn event(&self, event: &Event) {
        if let Event::StepFailed {
            step,
            error,
            code,
            help,
        } = event
        {
            let left = Left::Failed {
                reason: error.clone(),
                code: code.clone(),
                help: help.clone(),
            };
            sync::lock(&self.failed).insert(step.clone(), left);
        }
        self.observer.event(event);
    }

    fn failure(&self, step: &str, report: &Report) {
        self.observer.failure(step, report);
    }

    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }
}
