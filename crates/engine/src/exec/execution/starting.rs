//! Which units of a run start, and with what of the machine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::thread::Scope;

use pipe_foundation::Digest;
use pipe_foundation::machine_fault::MachineFault;

use crate::exec::accelerators::Likeness;
use crate::exec::allotment::Allotment;
use crate::exec::internal_error::internal_error;
use crate::exec::job::Job;
use crate::exec::limit::PastLimit;
use crate::exec::outcome::StepResult;
use crate::exec::pools::{Request, Taken};
use crate::exec::scheduler::Unit;
use crate::stage::{Launch, Stage};

use super::{Ended, Execution};

/// How far into the ready queue is looked for a unit that fits, so that a long queue of units too large to start costs
/// no more than a short one.
const LOOK_AHEAD: usize = 256;

impl<'a> Execution<'a, '_> {
    /// Starts what fits, deepest first; then idle cores go to units at work that can use them.
    pub(super) fn start_ready<'scope, 'env>(
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
            started.push((unit, job, taken));
        }
        let likenesses: Vec<Option<Likeness>> = (started.iter())
            .map(|(unit, ..)| self.likeness(*unit))
            .collect();
        let mut at_accelerators: Vec<_> = (likenesses.into_iter())
            .zip(started.iter_mut().map(|(.., taken)| taken))
            .collect();
        self.pools.spread(&mut at_accelerators);
        let launched = |(unit, job, taken): (usize, Job, Taken)| {
            let accelerator = taken.accelerator.map(|(place, _)| place);
            let launch = accelerator.and_then(|place| self.launch(unit, place));
            let lent = Allotment {
                share: taken.share.clone(),
                devices: taken.devices.clone(),
                accelerator,
                memory_bytes: self.options.memory_bytes,
                jobs: self.options.jobs,
            };
            self.at_work.insert(unit, taken);
            (unit, job, lent, launch)
        };
        let started: Vec<_> = started.into_iter().map(launched).collect();
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

    fn request(&mut self, unit: usize) -> Request {
        let waits_for_device = self.waits_for_device(unit);
        let Unit { steps, group, .. } = self.scheduler.unit(unit);
        let (step, is_group) = (steps[0], group.is_some());
        let estimate = || self.work.memory_bytes(step, self.options.jobs);
        let plan = self.work.resolver.plan;
        let (cores, devices) = match &plan.steps[step].stage {
            Stage::Aggregate(stage) => (stage.resources().threads, stage.resources().devices),
            // Its items share them.
            _ => match steps.iter().any(|&step| plan.steps[step].needs_devices()) {
                true => (usize::MAX, usize::MAX),
                false => (usize::MAX, 0),
            },
        };
        Request {
            cores,
            memory_bytes: *self.memory_bytes.entry(unit).or_insert_with(estimate),
            devices,
            waits_for_device,
            is_group,
        }
    }

    /// Announces a unit that waits for the accelerator at a place.
    fn launch(&self, unit: usize, place: usize) -> Option<Launch> {
        let plan = self.work.resolver.plan;
        match &plan.steps[self.scheduler.unit(unit).steps[0]].stage {
            Stage::Aggregate(stage) if self.waits_for_device(unit) => stage.announce(place),
            _ => None,
        }
    }

    /// What a unit that computes on an accelerator shares work by there; none for one that does not.
    fn likeness(&self, unit: usize) -> Option<Likeness> {
        let plan = self.work.resolver.plan;
        let step = &plan.steps[self.scheduler.unit(unit).steps[0]];
        let Stage::Aggregate(stage) = &step.stage else {
            return None;
        };
        if !plan.device.is_accelerator() || !stage.uses_device() {
            return None;
        }
        let shared = stage.shares_accelerator_by();
        Some(shared.map_or(0, |shared| {
            let text = format!("{shared} {:?}", step.inputs);
            let Digest(bytes) = Digest::of(text.as_bytes());
            bytes
                .iter()
                .take(8)
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
                .max(1)
        }))
    }

    /// True for a unit that takes no core, since a device does its work.
    fn waits_for_device(&self, unit: usize) -> bool {
        let plan = self.work.resolver.plan;
        match &plan.steps[self.scheduler.unit(unit).steps[0]].stage {
            Stage::Aggregate(stage) => plan.device.is_accelerator() && stage.waits_for_device(),
            _ => false,
        }
    }
}
