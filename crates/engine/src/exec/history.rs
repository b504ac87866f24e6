//! What the history keeps of a run: the key of every step, what failed, and what sources listed.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::cache::{CacheError, Ending, RunRecord};
use crate::plan::Plan;

use super::event::Status;
use super::group::source_digest;
use super::outcome::StepResult;
use super::status::Resolver;

/// Records what the sources that ran have listed, so that `pipe why` can name the file that changed.
///
/// # Errors
/// When a listing cannot be written.
pub fn record_listings(resolver: &Resolver<'_>, results: &[StepResult]) -> Result<(), CacheError> {
    for (step, listing) in resolver.listings() {
        let result = &results[step];
        if result.key.is_none() || result.status != Status::Executed {
            continue;
        }
        let plan = resolver.plan;
        let history = resolver.cache.listings(&plan.name, plan.steps[step].id());
        history.record(&source_digest(listing), &listing.digests())?;
    }
    Ok(())
}

/// The axes of a plan whose values are the folds of a stage.
fn fold_axes(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter();
    let axes: BTreeSet<&String> = steps.flat_map(|step| &step.declaration.fold_axes).collect();
    axes.into_iter().cloned().collect()
}

/// The record of a run that took so long and is over.
pub fn run_record(
    plan: &Plan,
    results: &[StepResult],
    took: Duration,
    interrupted: bool,
) -> RunRecord {
    let mut record = RunRecord {
        seconds: Some(took.as_secs_f64()),
        ending: match interrupted {
            true => Ending::Stopped,
            false => Ending::Ended,
        },
        fold_axes: fold_axes(plan),
        ..RunRecord::default()
    };
    for (step, result) in plan.steps.iter().zip(results) {
        let id = step.id().to_string();
        if !result.to_retry.is_empty() {
            record.to_retry.insert(id.clone(), result.to_retry.clone());
        }
        match (result.status, result.key) {
            (Status::Hit | Status::Executed, Some(key)) => {
                record.steps.insert(id, key);
            }
            (Status::Failed, _) => {
                let causes = result.error.iter().flat_map(|report| report.chain());
                let causes: Vec<String> = causes.map(ToString::to_string).collect();
                record.failed.insert(id, causes.join(": "));
            }
            _ => record.not_run.push(id),
        }
    }
    record
}
