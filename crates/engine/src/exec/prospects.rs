//! What becomes of each step in a run, as far as that is known before: its status, less what keeps it from running.

use crate::cache::CacheError;
use crate::stage::Stage;

use super::status::{MissingInputs, Resolver, Statuses};
use super::step_status::{StatusError, StepStatus};

impl Resolver<'_> {
    /// As [`Resolver::all`], where a step that a run would refuse counts as failed even if its result is in the cache, and so
    /// does every step that needs one of those.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn prospects(&self, missing_inputs: MissingInputs) -> Result<Statuses, CacheError> {
        let mut statuses = self.all(missing_inputs)?;
        for step in 0..self.plan.steps.len() {
            let status = statuses.of(step);
            if matches!(status, StepStatus::Failed { .. }) {
                continue;
            }
            let group = self.group_of(step);
            let refused = group.and_then(|group| group.refusal(step, status));
            let error = match refused {
                Some(error) => Some(StatusError::from(error)),
                None => self.needs_failed(step, &statuses),
            };
            if let Some(error) = error {
                statuses.0[step] = StepStatus::Failed { error };
            }
        }
        Ok(statuses)
    }

    /// That `step` needs one that failed; none where it works with the others.
    fn needs_failed(&self, step: usize, statuses: &Statuses) -> Option<StatusError> {
        let declared = &self.plan.steps[step];
        let is_failed = |input: &usize| matches!(statuses.of(*input), StepStatus::Failed { .. });
        let allows =
            matches!(&declared.stage, Stage::Aggregate(stage) if stage.allows_missing_inputs());
        if allows && !declared.input_steps().all(|input| is_failed(&input)) {
            return None;
        }
        let failed = declared.input_steps().find(is_failed)?;
        let step = self.plan.steps[failed].id().to_owned();
        Some(StatusError::Needs { step })
    }
}
