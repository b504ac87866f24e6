//! Why a step would run, or did run: what differs from the earlier run it is compared with.

use std::collections::{BTreeSet, HashMap};

use pipe_foundation::Digest;
use serde::{Deserialize, Serialize};

use crate::artifact::{Difference, FingerprintInputs, input_names};
use crate::cache::{Cache, CacheError, Listing, RunHistory, StepRecord};
use crate::stage::Stage;

use super::Plan;

/// Why a step is not the same as in an earlier run.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The step.
    pub step: String,
    /// When the earlier run was, in seconds since 1970; none when there was none.
    pub compared_with_s: Option<u64>,
    /// What differs; empty when the step never ran before.
    pub reasons: Vec<Reason>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Reason {
    /// A parameter, a version or a file outside.
    Value {
        /// What differs.
        #[serde(flatten)]
        difference: Difference,
        /// What follows from it, where the stage knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// The result of a step before it.
    Input {
        /// That step.
        step: String,
    },
    /// An item of a source.
    File {
        /// The item's id.
        id: String,
        /// Digest it had, in short.
        old: Option<String>,
        /// Digest it has, in short.
        new: Option<String>,
    },
}

/// Compares a step with the last run of `history` in which its key was another.
///
/// # Errors
/// When a record or a listing cannot be read.
pub fn explain(
    plan: &Plan,
    cache: &Cache,
    history: &mut RunHistory,
    step: usize,
    now: &FingerprintInputs,
    listing: Option<&Listing>,
) -> Result<Explanation, CacheError> {
    let id = plan.steps[step].id();
    let key = now.key();
    let earlier = history.find(id, |old, started_s| {
        if *old == key {
            return Ok(None);
        }
        let record: Option<StepRecord> = cache.records.get(old)?;
        Ok(record.map(|record| (started_s, record)))
    })?;
    let Some((started_s, record)) = earlier else {
        return Ok(Explanation {
            step: id.into(),
            compared_with_s: None,
            reasons: Vec::new(),
        });
    };
    Ok(Explanation {
        step: id.into(),
        compared_with_s: Some(started_s),
        reasons: reasons(plan, cache, step, now, &record.fingerprint, listing)?,
    })
}

/// What differs between what a step depends on `now` and what it depended on `before`. Which items of a source changed
/// is known where the cache has both listings.
///
/// # Errors
/// When a listing cannot be read.
pub fn reasons(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    now: &FingerprintInputs,
    before: &FingerprintInputs,
    listing: Option<&Listing>,
) -> Result<Vec<Reason>, CacheError> {
    let differences = now.differences(before);
    let value = |difference: &Difference| Reason::Value {
        difference: difference.clone(),
        remark: match &plan.steps[step].stage {
            Stage::Aggregate(stage) => stage.remark(difference, &differences),
            _ => None,
        },
    };
    let inputs = &plan.steps[step].inputs;
    let step_of_input: HashMap<String, usize> =
        input_names(inputs.iter().map(|(parameter, _)| parameter.as_str()))
            .into_iter()
            .map(|name| format!("input.{name}"))
            .zip(plan.steps[step].input_steps())
            .collect();
    let mut reasons = Vec::new();
    let has_other_inputs = differences.iter().any(|d| d.name.starts_with("input."));
    for difference in &differences {
        if difference.name.starts_with("lineage.") && has_other_inputs {
            // The parameters of a step before: its result is reported as changed, and it says why itself.
            continue;
        }
        if difference.name == "source" {
            let files = changed_files(plan, cache, step, difference, listing)?;
            if files.is_empty() {
                reasons.push(value(difference));
            }
            reasons.extend(files);
        } else if let Some(input) = step_of_input.get(&difference.name) {
            reasons.push(Reason::Input {
                step: plan.steps[*input].id().into(),
            });
        } else {
            reasons.push(value(difference));
        }
    }
    Ok(reasons)
}

fn changed_files(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    difference: &Difference,
    listing: Option<&Listing>,
) -> Result<Vec<Reason>, CacheError> {
    let id = plan.steps[step].id();
    let old = match difference.old.as_deref().and_then(Digest::parse) {
        Some(digest) => cache.listing_at(&plan.name, id, &digest)?,
        None => None,
    };
    let (Some(old), Some(new)) = (old, listing) else {
        return Ok(Vec::new());
    };
    let ids: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = ids
        .into_iter()
        .filter(|id| old.get(*id) != new.get(*id))
        .map(|id| Reason::File {
            id: id.clone(),
            old: old.get(id).map(Digest::short),
            new: new.get(id).map(Digest::short),
        });
    Ok(changed.collect())
}
