//! Watches the results of a plan appear in the cache while others make them.

use std::collections::HashSet;

use pipe_foundation::Digest;

use crate::artifact::FingerprintInputs;
use crate::cache::CacheError;

use super::outputs::Outputs;
use super::plan_results::PlanResults;
use super::status::{MissingInputs, Resolver, Statuses};
use super::step_status::StepStatus;

/// The steps of a plan as the cache has them, looked at again and again.
pub struct Watch<'a> {
    resolver: &'a Resolver<'a>,
    missing_inputs: MissingInputs,
    statuses: Statuses,
    outputs: Outputs,
    /// Steps that will have no result.
    given_up: HashSet<usize>,
}

impl<'a> Watch<'a> {
    /// Looks at every step for the first time. With `missing_inputs` allowed, a step counts as having all that it will have
    /// once those without a result have been [given up](Self::give_up).
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn new(
        resolver: &'a Resolver<'a>,
        missing_inputs: MissingInputs,
    ) -> Result<Self, CacheError> {
        let statuses = resolver.prospects(MissingInputs::Refused)?;
        let outputs = Outputs::new(resolver.plan.steps.len());
        let mut given_up = HashSet::new();
        for (step, status) in statuses.0.iter().enumerate() {
            match status {
                StepStatus::Hit { output, .. } => outputs.set(step, output.clone()),
                StepStatus::Failed { .. } => drop(given_up.insert(step)),
                StepStatus::Miss { .. } | StepStatus::Pending { .. } => {}
            }
        }
        Ok(Self {
            resolver,
            missing_inputs,
            statuses,
            outputs,
            given_up,
        })
    }

    /// What is known of the steps.
    pub fn statuses(&self) -> &Statuses {
        &self.statuses
    }

    /// What is known of the steps, as results.
    pub fn results(&self) -> PlanResults {
        self.resolver.results(&self.statuses)
    }

    /// The key of a step, once all that it depends on is known.
    pub fn key(&self, step: usize) -> Option<Digest> {
        let fingerprint = self.statuses.of(step).fingerprint();
        fingerprint.map(FingerprintInputs::key)
    }

    /// How long the step took that has a result, in seconds; 0 where its record cannot be read.
    pub fn seconds(&self, step: usize) -> f64 {
        let record = self
            .key(step)
            .map(|key| self.resolver.cache.records.get(&key));
        let record = record.and_then(|record| record.ok().flatten());
        record.map_or(0.0, |record| record.seconds)
    }

    /// True once a step has a result.
    pub fn is_made(&self, step: usize) -> bool {
        self.outputs.get(step).is_some()
    }

    /// True for a step that was interrupted and can go on from where it was.
    pub fn is_unfinished(&self, step: usize) -> bool {
        let fingerprint = self.statuses.of(step).fingerprint();
        fingerprint.is_some_and(|fingerprint| self.resolver.cache.is_unfinished(fingerprint))
    }

    /// The step will have no result.
    pub fn give_up(&mut self, step: usize) {
        self.given_up.insert(step);
    }

    /// Looks again, and gives the steps that have come to a result since, in the order of the plan. The names of all records
    /// are read once, which also shows what a shared file system would hide for a while from who asks for single names.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn look(&mut self) -> Result<Vec<usize>, CacheError> {
        let recorded = self.resolver.cache.records.keys()?;
        let mut made = Vec::new();
        for step in 0..self.resolver.plan.steps.len() {
            if self.is_made(step) || self.given_up.contains(&step) {
                continue;
            }
            let is_recorded = self.key(step).is_some_and(|key| recorded.contains(&key));
            match self.resolver.group_index(step) {
                Some(group) if is_recorded => {
                    for (member, status) in self.resolver.group(group)? {
                        self.take(member, status, &mut made);
                    }
                }
                Some(_) => {}
                None if is_recorded || self.is_ready(step) => {
                    let missing = self.missing_inputs;
                    let status = self.resolver.aggregate(step, &self.outputs, missing)?;
                    self.take(step, status, &mut made);
                }
                None => {}
            }
        }
        made.sort_unstable();
        Ok(made)
    }

    /// True for a step whose key is not known and can be found out.
    fn is_ready(&self, step: usize) -> bool {
        let is_pending = matches!(self.statuses.of(step), StepStatus::Pending { .. });
        let mut inputs = self.resolver.plan.steps[step].input_steps();
        let is_settled = |input| self.is_made(input) || self.given_up.contains(&input);
        is_pending && inputs.all(is_settled)
    }

    fn take(&mut self, step: usize, status: StepStatus, made: &mut Vec<usize>) {
        if let StepStatus::Hit { output, .. } = &status
            && !self.is_made(step)
        {
            self.outputs.set(step, output.clone());
            made.push(step);
        }
        self.statuses.0[step] = status;
    }
}
