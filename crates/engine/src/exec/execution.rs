//! The loop of a run: units are checked once they wait for nothing, and those that miss start as the pools allow.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread::Scope;

use pipe_foundation::Digest;
use pipe_foundation::machine_fault::MachineFault;

use crate::cache::CacheError;

use super::aggregate::{AggregateRun, Stopped};
use super::allotment::Allotment;
use super::fetching::Fetching;
use super::internal_error::internal_error;
use super::job::Job;
use super::limit::PastLimit;
use super::outcome::StepResult;
use super::pools::{Pools, Request, Taken};
use super::results::Results;
use super::run_options::RunOptions;
use super::scheduler::Scheduler;
use super::status::MissingInputs;
use super::step_status::StepStatus;

mod selected;

/// How far into the ready queue is looked for a unit that fits, so that a long queue of units too large to start costs
/// no more than a short one.
const LOOK_AHEAD: usize = 256;

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
            pools: Pools::new(options.jobs, options.memory_bytes, options.devices),
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
                if let Some(taken) = self.at_work.remove(&unit) {
                    self.pools.give_back(&taken);
                }
                match results {
                    Ok(results) => {
                        self.add(results);
                        let unblocked = self.scheduler.complete(unit);
                        self.look_up(unblocked);
                    }
                    Err(Stopped::Damaged(objects)) => self.damaged.extend(objects),
                    Err(Stopped::Cache(error)) => self.failed(error),
                }
            }
        });
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut self.damaged)),
        }
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

    /// Starts what fits, deepest first; then idle cores go to units at work that can use them.
    fn start_ready<'scope, 'env>(
        &mut self,
        scope: &'scope Scope<'scope, 'env>,
        sender: &Sender<Ended>,
    ) where
        'a: 'scope,
    {
        let candidates = self.candidates();
        // All requests are known before the first unit starts, so that those at the device start together.
        let requests: Vec<Request> = candidates.iter().map(|&unit| self.request(unit)).collect();
        let mut started = Vec::new();
        for (place, &unit) in candidates.iter().enumerate() {
            let Some(taken) = self.pools.take(&requests[place..]) else {
                continue;
            };
            let Some(job) = self.jobs.remove(&unit) else {
                continue;
            };
            self.scheduler.start(unit);
            let launch = self.launch(unit);
            let lent = Allotment {
                share: taken.share.clone(),
                devices: taken.devices.clone(),
                memory_bytes: self.options.memory_bytes,
                jobs: self.options.jobs,
            };
            started.push((unit, job, lent, launch));
            self.at_work.insert(unit, taken);
        }
        // All that start together at a device are announced before the first of them gets there.
        for (unit, job, lent, launch) in started {
            let (work, share) = (self.work, self.options.share);
            let past = match self.options.keep_going {
                true => PastLimit::LeaveOut,
                false => PastLimit::End,
            };
            let sender = sender.clone();
            let (refused, idle_steps) = (sender.clone(), job.steps());
            let thread = std::thread::Builder::new().spawn_scoped(scope, move || {
                if let Some(launch) = launch {
                    launch();
                }
                let steps = job.steps();
                let results = catch_unwind(AssertUnwindSafe(|| job.run(work, &lent, past, share)));
                let results = results.unwrap_or_else(|panic| {
                    let failed = |step| (step, StepResult::failed(internal_error(&*panic), None));
                    Ok(steps.into_iter().map(failed).collect())
                });
                // The receiver outlives all threads; if it is gone there is nobody to report to.
                let _ = sender.send(Ended::Unit(unit, results));
            });
            if let Err(reason) = thread {
                let fault = MachineFault {
                    what: "cannot start a thread".into(),
                    reason: reason.to_string(),
                };
                let failed = |step| (step, StepResult::failed(fault.clone().into(), None));
                let results = Ok(idle_steps.into_iter().map(failed).collect());
                let _ = refused.send(Ended::Unit(unit, results));
            }
        }
        self.pools.widen(self.at_work.values());
    }

    /// Units that could start by the pools, but for memory.
    fn candidates(&self) -> Vec<usize> {
        if self.pools.are_full() {
            return Vec::new();
        }
        let mut candidates = Vec::new();
        let mut group_seen = false;
        for unit in self.scheduler.ready().take(LOOK_AHEAD) {
            let is_group = self.scheduler.unit(unit).group.is_some();
            if (is_group && group_seen)
                || !self.pools.has_room(self.waits_for_device(unit), is_group)
            {
                continue;
            }
            group_seen |= is_group;
            candidates.push(unit);
        }
        candidates
    }
}
