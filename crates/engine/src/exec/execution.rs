//! The loop of a run: units are checked once they wait for nothing, and those that miss start as the pools allow.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::mpsc::channel;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::cache::CacheError;

use super::aggregate::{AggregateRun, Stopped};
use super::fetching::Fetching;
use super::job::Job;
use super::observer::StepProgress;
use super::outcome::StepResult;
use super::pools::{Pools, Taken};
use super::results::Results;
use super::run_options::RunOptions;
use super::scheduler::Scheduler;
use super::status::MissingInputs;
use super::step_status::StepStatus;

mod selected;

/// What looking a unit up came to.
enum LookedUp {
    /// Its results: it needs no work.
    Done(Vec<(usize, StepResult)>),
    /// What has to be done.
    ToRun(Job),
}

/// What has ended.
pub(super) enum Ended {
    /// A unit that ran, with what became of it.
    Unit(usize, Result<Vec<(usize, StepResult)>, Stopped>),
    /// These units have been looked for at the remote cache.
    Fetched(Vec<usize>, Result<(), CacheError>),
}

/// The units of one run at work.
pub struct Execution<'a, 'r> {
    pub(super) work: &'a AggregateRun<'a>,
    pub(super) options: &'a RunOptions<'a>,
    /// How steps ended.
    pub results: Results<'r>,
    pub(super) scheduler: Scheduler,
    pools: Pools,
    /// Units in the ready queue.
    jobs: HashMap<usize, Job>,
    /// Memory estimates of units that have been considered.
    pub(super) memory_bytes: HashMap<usize, u64>,
    at_work: BTreeMap<usize, Taken>,
    /// Units whose results come from the remote cache.
    pub(super) fetching: Fetching,
    /// Steps that have failed before anything started.
    refused: HashSet<usize>,
    /// Why the cache cannot be used any more.
    error: Option<CacheError>,
    /// Objects that were found damaged when they were opened: what was made from them is not to be used either.
    damaged: BTreeSet<Digest>,
}

impl<'a, 'r> Execution<'a, 'r> {
    /// An execution that has not started.
    pub fn new(
        work: &'a AggregateRun<'a>,
        options: &'a RunOptions<'a>,
        results: Results<'r>,
    ) -> Self {
        let resolver = work.resolver;
        Self {
            work,
            options,
            results,
            scheduler: Scheduler::new(resolver.plan, &resolver.groups),
            pools: Pools::new(
                options.jobs,
                options.memory_bytes,
                options.devices,
                &resolver.plan.device,
            ),
            jobs: HashMap::new(),
            memory_bytes: HashMap::new(),
            at_work: BTreeMap::new(),
            fetching: Fetching::default(),
            refused: HashSet::new(),
            error: None,
            damaged: BTreeSet::new(),
        }
    }

    /// Brings every step up to date, as far as failures and the user let it. Gives the objects that are damaged: once
    /// one is found nothing more is started, since what has to be made again may be among what counted as done.
    ///
    /// # Errors
    /// When the cache cannot be used; what was finished before is kept.
    pub fn run(&mut self) -> Result<BTreeSet<Digest>, CacheError> {
        // The thread that schedules does not wait for the index of the remote cache: one that fetches reads it.
        let work = self.work;
        let only_known = |only_known| {
            if let Some(remote) = &work.cache().remote {
                remote.set_only_known(only_known);
            }
        };
        only_known(true);
        let ran = self.run_units();
        only_known(false);
        ran
    }

    fn run_units(&mut self) -> Result<BTreeSet<Digest>, CacheError> {
        std::thread::scope(|scope| {
            let (sender, receiver) = channel::<Ended>();
            let faults = self.wanted(self.work.resolver.machine_faults());
            self.add(faults);
            if !self.options.keep_going {
                // Told before the first step starts rather than after the last one before it.
                let refused = self.wanted(self.work.resolver.refused());
                self.refused = refused.iter().map(|(step, _)| *step).collect();
                self.add(refused);
            }
            let unblocked = self.scheduler.unblocked();
            self.look_up(unblocked);
            loop {
                if !self.is_stopping() {
                    self.start_fetch(scope, &sender);
                    self.start_ready(scope, &sender);
                }
                if self.at_work.is_empty() && !self.fetching.is_at_work {
                    break;
                }
                let (unit, results) = match receiver.recv() {
                    Ok(Ended::Unit(unit, results)) => (unit, results),
                    Ok(Ended::Fetched(units, fetched)) => {
                        self.end_fetch(fetched);
                        self.look_up(units);
                        continue;
                    }
                    Err(_) => break,
                };
                let taken = self.at_work.remove(&unit);
                if let Some(taken) = &taken {
                    self.pools.give_back(taken);
                }
                match results {
                    Ok(results) => {
                        self.add(results);
                        let unblocked = self.scheduler.complete(unit);
                        self.look_up(unblocked);
                    }
                    Err(Stopped::Damaged(objects)) => self.damaged.extend(objects),
                    Err(Stopped::Cache(error)) => self.failed(error),
                    Err(Stopped::Accelerator(failed)) => {
                        let place = taken.and_then(|taken| taken.accelerator);
                        let place = place.map(|(place, _)| place);
                        self.accelerator_failed(unit, place, *failed);
                    }
                }
            }
        });
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut self.damaged)),
        }
    }

    /// An accelerator cannot go on: the unit that was at it starts again on another, or has failed where there is none.
    fn accelerator_failed(
        &mut self,
        unit: usize,
        place: Option<usize>,
        (step, result): (usize, StepResult),
    ) {
        let another = place.is_some_and(|place| self.pools.accelerators.retire(place));
        if !another || self.is_stopping() {
            self.add(vec![(step, result)]);
            let unblocked = self.scheduler.complete(unit);
            self.look_up(unblocked);
            return;
        }
        let plan = self.work.resolver.plan;
        let name = plan.device.accelerator_name(place).unwrap_or_default();
        let reason = result.error.map(|error| error.to_string());
        let progress = StepProgress {
            step: plan.steps[step].id(),
            observer: self.work.observer,
        };
        progress.warn(&format!(
            "it goes on on another device, from its last checkpoint if it has one, since {name} cannot be used any more: {}",
            reason.unwrap_or_default()
        ));
        self.look_up(vec![unit]);
    }

    /// True once nothing more may start.
    fn is_stopping(&self) -> bool {
        let stops = !self.options.keep_going && !self.options.for_another_run;
        let failed = self.results.any_failed() && stops;
        // After a fault of the machine nothing can be relied on.
        failed || self.results.machine_failed() || !self.damaged.is_empty() || self.is_cut_short()
    }

    /// True once nothing more is checked either.
    fn is_cut_short(&self) -> bool {
        self.error.is_some() || self.work.observer.interrupted()
    }

    /// Nothing can be relied on after `error`, unless it only says that reading was interrupted.
    pub(super) fn failed(&mut self, error: CacheError) {
        if !error.is_interruption() {
            self.error = self.error.take().or(Some(error));
        }
    }

    fn add(&mut self, results: Vec<(usize, StepResult)>) {
        for (step, result) in results {
            let result = match self.work.resolver.take_failure(step) {
                Some(error) => StepResult::failed(error, None),
                None => result,
            };
            let id = self.work.resolver.plan.steps[step].id();
            let result = match self.options.expected {
                Some(expected) => expected.hold(id, result),
                None => result,
            };
            self.work.offer(step, &result);
            let fetched = self.work.is_fetched(&result);
            let result = StepResult { fetched, ..result };
            self.results.add(step, result, self.work.outputs);
        }
        self.damaged.extend(self.results.take_damaged());
    }

    /// Looks up units that wait for nothing, and those that hits among them unblock. Misses enter the ready queue.
    fn look_up(&mut self, unblocked: Vec<usize>) {
        let mut open: BTreeSet<usize> = unblocked.into_iter().collect();
        while let Some(unit) = open.pop_first() {
            if self.is_cut_short() {
                return;
            }
            let status = self.look_up_selected(unit);
            if self.work.observer.interrupted() && status.is_ok() {
                // What was being read may seem to be unreadable.
                return;
            }
            match status {
                Ok(LookedUp::Done(results)) => {
                    self.add(results);
                    open.extend(self.scheduler.complete(unit));
                }
                Ok(LookedUp::ToRun(job)) => {
                    match self.is_to_be_fetched(unit, &job) {
                        Ok(false) => {}
                        Ok(true) => continue,
                        Err(error) => self.failed(error),
                    }
                    self.tell_misses(&job);
                    self.jobs.insert(unit, job);
                    self.scheduler.enqueue(unit);
                }
                Err(error) => self.failed(error),
            }
        }
    }

    /// Tells why the steps of a job have to run.
    fn tell_misses(&self, job: &Job) {
        let AggregateRun {
            resolver,
            misses,
            observer,
            ..
        } = self.work;
        match job {
            Job::Group(_, statuses) => {
                for (step, status) in statuses {
                    misses.report(resolver, *step, status, *observer);
                }
            }
            Job::Aggregate(step, fingerprint) => {
                let status = StepStatus::Miss {
                    fingerprint: fingerprint.clone(),
                };
                misses.report(resolver, *step, &status, *observer);
            }
        }
    }

    /// The results of a unit that needs no work: everything is in the cache, or it cannot run. Otherwise the job.
    fn status(&self, unit: usize) -> Result<LookedUp, CacheError> {
        let resolver = self.work.resolver;
        let unit = self.scheduler.unit(unit);
        if let Some(group) = unit.group {
            let statuses = resolver.group(group)?;
            let mut all = statuses.iter();
            return Ok(match all.all(|(_, status)| status.output().is_some()) {
                true => LookedUp::Done(resolver.groups[group].hits(&statuses)),
                false => LookedUp::ToRun(Job::Group(group, statuses)),
            });
        }
        let step = unit.steps[0];
        if self.refused.contains(&step) {
            return Ok(LookedUp::Done(Vec::new()));
        }
        let missing_inputs = match self.options.keep_going {
            true => MissingInputs::Allowed,
            false => MissingInputs::Refused,
        };
        let status = resolver.aggregate(step, self.work.outputs, missing_inputs)?;
        let result = match status {
            StepStatus::Miss { fingerprint } => {
                let expected = self.options.expected;
                let (id, key) = (resolver.plan.steps[step].id(), fingerprint.key());
                if let Some(refused) = expected.and_then(|expected| expected.refuse_key(id, &key)) {
                    let failed = StepResult::failed(refused, Some(key));
                    return Ok(LookedUp::Done(vec![(step, failed)]));
                }
                return Ok(LookedUp::ToRun(Job::Aggregate(step, fingerprint)));
            }
            StepStatus::Pending { .. } => StepResult::skipped(),
            StepStatus::Failed { error } => StepResult::failed(error.into(), None),
            StepStatus::Hit {
                fingerprint,
                output,
            } => StepResult::hit(fingerprint.key(), output),
        };
        Ok(LookedUp::Done(vec![(step, result)]))
    }
}

mod starting;
