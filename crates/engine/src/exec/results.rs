//! How the steps of a run ended: kept for the summary and the history, sent to the observer, published for people.

use std::collections::BTreeSet;
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::machine_fault::MachineFault;

use crate::cache::StepOutput;
use crate::plan::Plan;

use super::event::{Event, Status};
use super::observer::Observer;
use super::outcome::StepResult;
use super::outputs::Outputs;
use super::publish::Publisher;

/// The results of a run's steps.
pub struct Results<'a> {
    plan: &'a Plan,
    observer: &'a dyn Observer,
    publisher: Publisher<'a>,
    by_step: Vec<Option<StepResult>>,
    /// What was reported before the run had to look at everything anew.
    before: Vec<Option<StepResult>>,
    any_failed: bool,
    machine_failed: bool,
}

impl<'a> Results<'a> {
    /// No results yet.
    pub fn new(plan: &'a Plan, observer: &'a dyn Observer, publisher: Publisher<'a>) -> Self {
        Self {
            plan,
            observer,
            publisher,
            by_step: none(plan),
            before: none(plan),
            any_failed: false,
            machine_failed: false,
        }
    }

    /// True once a step has failed.
    pub fn any_failed(&self) -> bool {
        self.any_failed
    }

    /// True once a step has met a fault of the machine itself.
    pub fn machine_failed(&self) -> bool {
        self.machine_failed
    }

    /// Objects that were found damaged when they were to be copied for people.
    pub fn take_damaged(&mut self) -> BTreeSet<Digest> {
        std::mem::take(&mut self.publisher.damaged)
    }

    /// Forgets how steps ended, since they are looked at anew; what turns out as it was is not reported again.
    pub fn start_over(&mut self) {
        self.before = std::mem::replace(&mut self.by_step, none(self.plan));
    }

    /// What was reported of `step` before, if `result` says nothing new.
    fn take_reported(&mut self, step: usize, result: &StepResult) -> Option<StepResult> {
        let is_known = |before: &mut StepResult| match result.status {
            Status::Hit => before.key == result.key && before.output == result.output,
            Status::Failed => before.status == Status::Failed,
            Status::Executed | Status::Skipped => false,
        };
        self.before[step].take_if(is_known)
    }

    /// Takes the result of `step`; its output becomes an input of the steps after it.
    pub fn add(&mut self, step: usize, mut result: StepResult, outputs: &Outputs) {
        if let Some(known) = self.take_reported(step, &result) {
            if let Some(output) = &known.output {
                outputs.set(step, Arc::clone(output));
            }
            self.by_step[step] = Some(known);
            return;
        }
        if !result.kept.is_empty() && self.publisher.shows {
            match self.publisher.kept(step, &result.kept) {
                Ok(folder) => {
                    let kept = format!("what it had written is kept in {}", folder.display());
                    result.about(kept);
                }
                Err(error) => self.publisher.failed(step, &error, self.observer),
            }
        }
        if let Some(known) = result.bad_items.as_ref().filter(|_| self.publisher.shows) {
            match self.publisher.known_bad(step, known) {
                Ok(tables) => result.about(tables),
                Err(error) => self.publisher.failed(step, &error, self.observer),
            }
        }
        self.send_events(step, &result);
        let output = result.output.as_deref();
        let published = match output.filter(|_| self.publisher.shows) {
            Some(StepOutput::Files(files)) => self.publisher.files(step, files),
            Some(StepOutput::Items { bad, .. }) => self.publisher.set_aside(step, bad),
            None => Ok(()),
        };
        if let Err(error) = published {
            self.publisher.failed(step, &error, self.observer);
        }
        if let Some(output) = &result.output {
            outputs.set(step, Arc::clone(output));
        }
        self.any_failed |= result.status == Status::Failed;
        let error = result.error.as_ref();
        self.machine_failed |= error.is_some_and(|error| error.is::<MachineFault>());
        self.by_step[step] = Some(result);
    }

    fn send_events(&self, step: usize, result: &StepResult) {
        let id = self.plan.steps[step].id();
        if let Some(report) = &result.error {
            self.observer.failure(id, report);
            let causes: Vec<String> = report.chain().map(ToString::to_string).collect();
            self.observer.event(&Event::StepFailed {
                step: id.into(),
                error: causes.join(": "),
                code: report.code().map(|code| code.to_string()),
                help: report.help().map(|help| help.to_string()),
            });
        }
        self.observer.event(&Event::StepFinished {
            step: id.into(),
            status: result.status,
            key: result.key.map(|key| key.hex()),
            seconds: result.seconds,
            computed: result.computed,
            reused: result.reused,
            bad: result.bad,
            fetched: result.fetched,
        });
    }

    /// The result of every step in the order of the plan, where steps that never came to run are skipped, and the
    /// publisher.
    pub fn into_parts(self) -> (Vec<StepResult>, Publisher<'a>) {
        let results = self.by_step.into_iter();
        let results = results.map(|result| result.unwrap_or_else(StepResult::skipped));
        (results.collect(), self.publisher)
    }
}

/// No result of any step.
fn none(plan: &Plan) -> Vec<Option<StepResult>> {
    (0..plan.steps.len()).map(|_| None).collect()
}
