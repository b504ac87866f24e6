//! Follows a run on a cluster, and tells what happens as a run on this machine does.

use std::collections::BTreeSet;
use std::time::Duration;

use miette::Report;
use pipe_cluster::{Cluster, Ending, Follower, Happening};
use pipe_engine::cache::StepOutput;
use pipe_engine::exec::{
    Elsewhere, Event, FailedElsewhere, Observer, PlanUnit, SCHEMA_VERSION, Status, StepStatus,
    Watch,
};
use pipe_engine::plan::Plan;
use pipe_engine::program;
use pipe_foundation::system::{RealSystem, System};

use crate::cluster::CacheResults;

use super::console::print_error;
use super::error::CliError;
use super::lines::counted;
use super::signals::Signals;

/// How soon a signal is heeded between two looks.
const HEED: Duration = Duration::from_millis(50);

/// How a run is followed.
pub struct Following<'a> {
    /// The units of its plan.
    pub units: &'a [PlanUnit],
    /// The time between two looks.
    pub period: Duration,
    /// Whether to detach.
    pub signals: &'a Signals,
}

impl Following<'_> {
    /// Follows the run until all is settled; false where the user has detached.
    pub fn to_the_end(
        &self,
        follower: &mut Follower<'_>,
        cluster: &dyn Cluster,
        watch: &mut Watch<'_>,
        teller: &mut Teller<'_>,
    ) -> Result<bool, CliError> {
        let stop = || self.signals.asked();
        loop {
            let mut happened = Vec::new();
            let mut results = CacheResults {
                watch,
                units: self.units,
            };
            let mut tell = |happening| happened.push(happening);
            let now = RealSystem.uptime();
            let is_over = follower.turn(cluster, &mut results, now, &mut tell, &stop)?;
            for happening in happened {
                teller.happened(happening, self.units, watch);
            }
            if is_over {
                return Ok(true);
            }
            let until = RealSystem.uptime() + self.period;
            while RealSystem.uptime() < until {
                if stop() {
                    return Ok(false);
                }
                RealSystem.sleep(HEED.min(self.period));
            }
        }
    }
}

/// Tells an observer what happens on a cluster.
pub struct Teller<'a> {
    plan: &'a Plan,
    observer: &'a dyn Observer,
    json: bool,
    /// Steps whose end has been told.
    told: BTreeSet<usize>,
    elsewhere: Elsewhere,
}

impl<'a> Teller<'a> {
    /// Of a run of `plan`.
    pub fn new(plan: &'a Plan, observer: &'a dyn Observer, json: bool) -> Self {
        Self {
            plan,
            observer,
            json,
            told: BTreeSet::new(),
            elsewhere: Elsewhere::default(),
        }
    }

    /// The run begins; what is in the cache is told.
    pub fn begins(&mut self, watch: &Watch<'_>) {
        self.observer.event(&Event::RunStarted {
            schema_version: SCHEMA_VERSION,
            pipe_version: program::version().into(),
            manifest: self.plan.name.clone(),
            steps: self
                .plan
                .steps
                .iter()
                .map(|step| step.id().into())
                .collect(),
        });
        for step in 0..self.plan.steps.len() {
            if watch.is_made(step) {
                self.ended(step, Status::Hit, watch);
            }
        }
    }

    /// What happened while work was handed in.
    pub fn tell(&self, happening: Happening) {
        if let Happening::Submitted { title, tasks, job } = happening
            && !self.json
        {
            print_error(&format!(
                "  {title}: {} submitted as job {job}",
                counted(tasks, "task")
            ));
        }
    }

    fn happened(&mut self, happening: Happening, units: &[PlanUnit], watch: &Watch<'_>) {
        let first = |unit: usize| self.plan.steps[units[unit].steps[0]].id().to_owned();
        let warn = |step: String, message: String| {
            self.observer.event(&Event::Warning { step, message });
        };
        match happening {
            Happening::Submitted { .. } => self.tell(happening),
            Happening::Started(unit) => {
                for &step in &units[unit].steps {
                    if !watch.is_made(step) {
                        let step = self.plan.steps[step].id().into();
                        self.observer.event(&Event::StepStarted { step });
                    }
                }
            }
            Happening::Shared { unit, done, of } => self.observer.event(&Event::StepProgress {
                step: first(unit),
                done: done as u64,
                total: of as u64,
            }),
            Happening::Made(unit) => {
                for &step in &units[unit].steps {
                    if !self.told.contains(&step) {
                        self.elsewhere.made.insert(step);
                        self.ended(step, Status::Executed, watch);
                    }
                }
            }
            Happening::Again { unit, why } => warn(
                first(unit),
                format!("its job {}; it is submitted again", why.describe()),
            ),
            Happening::Requeued { unit, why } => {
                let what = why.map_or("was ended".into(), Ending::describe);
                let message = format!("its job {what}; the scheduler starts it again");
                warn(first(unit), message);
            }
            Happening::Failed {
                unit,
                reason,
                code,
                help,
            } => {
                // Of steps that are computed together, the first without a result has failed.
                let mut steps = units[unit].steps.iter();
                let step = steps.find(|step| !watch.is_made(**step));
                let step = *step.unwrap_or(&units[unit].steps[0]);
                self.failed(step, FailedElsewhere { reason, code, help });
            }
            // That is told when the run ends.
            Happening::Skipped(_) => {}
            Happening::Held { title, reason } => warn(
                self.plan.name.clone(),
                format!("the jobs of {title} are held back: {reason}"),
            ),
            Happening::Silent(said) => warn(
                self.plan.name.clone(),
                format!("the scheduler does not answer ({said}); it is asked again"),
            ),
            Happening::Heard => warn(self.plan.name.clone(), "the scheduler answers again".into()),
        }
    }

    fn failed(&mut self, step: usize, failed: FailedElsewhere) {
        let id = self.plan.steps[step].id();
        self.observer.failure(id, &Report::new(failed.clone()));
        self.observer.event(&Event::StepFailed {
            step: id.into(),
            error: failed.reason.clone(),
            code: failed.code.clone(),
            help: failed.help.clone(),
        });
        self.elsewhere.failed.insert(step, failed);
        self.told.insert(step);
        self.observer.event(&Event::StepFinished {
            fetched: false,
            step: id.into(),
            status: Status::Failed,
            key: None,
            seconds: 0.0,
            computed: 0,
            reused: 0,
            bad: 0,
        });
    }

    /// Tells that a step has a result.
    fn ended(&mut self, step: usize, status: Status, watch: &Watch<'_>) {
        let StepStatus::Hit { output, .. } = watch.statuses().of(step) else {
            return;
        };
        let (items, bad) = match output.as_ref() {
            StepOutput::Items { count, bad, .. } => (*count, bad.len()),
            StepOutput::Files(_) => (0, 0),
        };
        let (computed, reused) = match status {
            Status::Executed => (items, 0),
            _ => (0, items),
        };
        let seconds = match status {
            Status::Executed => watch.seconds(step),
            _ => 0.0,
        };
        self.told.insert(step);
        self.observer.event(&Event::StepFinished {
            fetched: false,
            step: self.plan.steps[step].id().into(),
            status,
            key: watch.key(step).map(|key| key.hex()),
            seconds,
            computed,
            reused,
            bad,
        });
    }

    /// Adds what became of the steps.
    pub fn add_to(&self, elsewhere: &mut Elsewhere) {
        elsewhere.made.extend(&self.elsewhere.made);
        let failed = self.elsewhere.failed.iter();
        elsewhere
            .failed
            .extend(failed.map(|(step, failed)| (*step, failed.clone())));
    }

    /// The ids of the steps whose end has been told.
    pub fn into_told(self) -> BTreeSet<String> {
        let told = self.told.iter();
        told.map(|&step| self.plan.steps[step].id().to_owned())
            .collect()
    }
}

/// Passes on what has not been told before.
pub struct ToldObserver<'a> {
    observer: &'a dyn Observer,
    told: BTreeSet<String>,
}

impl<'a> ToldObserver<'a> {
    /// The ends of steps in `told` are known.
    pub fn new(observer: &'a dyn Observer, told: BTreeSet<String>) -> Self {
        Self { observer, told }
    }
}

impl Observer for ToldObserver<'_> {
    fn event(&self, event: &Event) {
        match event {
            Event::RunStarted { .. } => {}
            Event::StepFinished { step, .. } | Event::StepFailed { step, .. }
                if self.told.contains(step) => {}
            // What does not run here need not be told why it would have to.
            Event::StepMissed { .. } => {}
            other => self.observer.event(other),
        }
    }

    fn failure(&self, step: &str, report: &Report) {
        if !self.told.contains(step) {
            self.observer.failure(step, report);
        }
    }

    fn interrupted(&self) -> bool {
        self.observer.interrupted()
    }
}
