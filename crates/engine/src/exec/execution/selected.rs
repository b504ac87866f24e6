//! What a run that is about some steps, or whose steps ran elsewhere, makes of those that are looked up.

use miette::Diagnostic;
use thiserror::Error;

use crate::cache::CacheError;
use crate::exec::job::Job;
use crate::exec::outcome::StepResult;
use crate::exec::selection::Selection;

use super::{Execution, LookedUp};

/// A step has another key than it must have.
#[derive(Debug, Error, Diagnostic)]
#[error("`{step}` has the key {found} here, not {expected}")]
#[diagnostic(
    code(run::key),
    help(
        "the manifest, a file that it names, the program or the device is another than where the run was planned"
    )
)]
struct UnexpectedKey {
    step: String,
    found: String,
    expected: String,
}

impl Execution<'_, '_> {
    /// The results of steps that the run is about.
    pub(super) fn wanted(&self, mut results: Vec<(usize, StepResult)>) -> Vec<(usize, StepResult)> {
        if let Some(selection) = self.options.selection {
            results.retain(|(step, _)| selection.wants(*step));
        }
        results
    }

    /// What looking up `unit` comes to in this run, which need not be about it.
    pub(super) fn look_up_selected(&self, unit: usize) -> Result<LookedUp, CacheError> {
        let steps = &self.scheduler.unit(unit).steps;
        let selection = self.options.selection;
        let is = |test: fn(&Selection, usize) -> bool| {
            selection.is_none_or(|selection| steps.iter().any(|&step| test(selection, step)))
        };
        if !is(Selection::wants) {
            return Ok(LookedUp::Done(Vec::new()));
        }
        let looked_up = match self.status(unit)? {
            LookedUp::ToRun(job) if !is(Selection::may_run) => LookedUp::Done(job.not_run()),
            LookedUp::ToRun(Job::Aggregate(step, fingerprint)) => {
                let keys = self.options.keys;
                let found = fingerprint.key();
                match keys.and_then(|keys| keys.get(&step)) {
                    Some(expected) if *expected != found => {
                        let refused = UnexpectedKey {
                            step: self.work.resolver.plan.steps[step].id().into(),
                            found: found.short(),
                            expected: expected.short(),
                        };
                        let failed = StepResult::failed(refused.into(), Some(found));
                        LookedUp::Done(vec![(step, failed)])
                    }
                    _ => LookedUp::ToRun(Job::Aggregate(step, fingerprint)),
                }
            }
            looked_up => looked_up,
        };
        Ok(match (self.options.elsewhere, looked_up) {
            (Some(elsewhere), LookedUp::Done(results)) => {
                let results = results.into_iter();
                let told = results.map(|(step, result)| (step, elsewhere.told(step, result)));
                LookedUp::Done(told.collect())
            }
            (_, looked_up) => looked_up,
        })
    }
}
