//! The lock file of a plan whose steps are all done.

use std::collections::BTreeMap;

use pipe_engine::cache::{Cache, CacheError, StepRecord};
use pipe_engine::exec::PlanResults;
use pipe_foundation::arithmetic;
use pipe_report::ReportEntry;

use crate::inspect::step;
use crate::version::COMMIT;
use pipe_stages::domain::SpeechPlan;
use pipe_stages::stage::EVALUATION_ENTRY;

use super::data::data_of;
use super::file::{LockFile, LockedMetrics, LockedStep, MadeBy};

/// The lock file of `plan`; or the ids of the steps that are not done.
///
/// # Errors
/// When a record cannot be read.
pub fn lock_of(
    plan: &SpeechPlan,
    cache: &Cache,
    results: &PlanResults,
) -> Result<Result<LockFile, Vec<String>>, CacheError> {
    let made_by = MadeBy {
        pipe: env!("CARGO_PKG_VERSION").into(),
        commit: COMMIT.map(str::to_owned),
        processor: arithmetic::description(),
        device: plan.device.name.clone(),
    };
    let mut lock = LockFile::new(&plan.name, made_by);
    lock.set.clone_from(&plan.overrides);
    lock.limits.clone_from(&plan.raised_limits);
    lock.present = !plan.left_out.corpora.is_empty();
    lock.data = data_of(plan, &results.listings);
    let mut open = Vec::new();
    for (planned, known) in plan.steps.iter().zip(&results.steps) {
        let Some(record) = known.record(cache)? else {
            open.push(planned.id().to_owned());
            continue;
        };
        lock.steps.push(LockedStep {
            id: planned.id().into(),
            key: record.fingerprint.key(),
            output: record.output.digest(),
            metrics: metrics(cache, &record),
            inputs: record.fingerprint,
        });
    }
    Ok(match open.is_empty() {
        true => Ok(lock),
        false => Err(open),
    })
}

/// What an evaluation reached; nothing for other steps.
fn metrics(cache: &Cache, record: &StepRecord) -> BTreeMap<String, LockedMetrics> {
    let entry: Result<ReportEntry, _> = step::json(cache, record, EVALUATION_ENTRY);
    let Ok(entry) = entry else {
        return BTreeMap::new();
    };
    let corpora = entry.evaluation.corpora.into_iter();
    corpora
        .map(|(corpus, metrics)| {
            let locked = LockedMetrics {
                utterances: metrics.utterances,
                ua: metrics.ua,
                wa: metrics.wa,
                macro_f1: metrics.macro_f1,
            };
            (corpus, locked)
        })
        .collect()
}
