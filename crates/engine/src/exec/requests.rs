//! What a unit that is to start asks of the pools.

use crate::stage::{Launch, Stage};

use super::execution::Execution;
use super::pools::Request;
use super::scheduler::Unit;

impl Execution<'_, '_> {
    pub(super) fn request(&mut self, unit: usize) -> Request {
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

    /// Announces a unit that waits for the device.
    pub(super) fn launch(&self, unit: usize) -> Option<Launch> {
        let plan = self.work.resolver.plan;
        match &plan.steps[self.scheduler.unit(unit).steps[0]].stage {
            Stage::Aggregate(stage) if self.waits_for_device(unit) => stage.announce(),
            _ => None,
        }
    }

    /// True for a unit that takes no core, since a device does its work.
    pub(super) fn waits_for_device(&self, unit: usize) -> bool {
        let plan = self.work.resolver.plan;
        match &plan.steps[self.scheduler.unit(unit).steps[0]].stage {
            Stage::Aggregate(stage) => plan.device.is_accelerator() && stage.waits_for_device(),
            _ => false,
        }
    }
}
