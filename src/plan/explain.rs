//! Why a step would run, or did run: what differs from the earlier run it is compared with.

use serde::Serialize;

use crate::artifact::{Difference, KeyMaterial};
use crate::cache::{Cache, CacheError, Listing, StepRecord};
use crate::digest::Digest;
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
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Reason {
    /// A parameter, a version or a file outside.
    Value {
        /// What differs.
        #[serde(flatten)]
        difference: Difference,
        /// What follows from it, where the stage knows.
        #[serde(skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// The result of a step before it.
    Input {
        /// That step.
        step: String,
    },
    /// A file or utterance of a source.
    File {
        /// The utterance's id.
        id: String,
        /// Digest it had, in short.
        old: Option<String>,
        /// Digest it has, in short.
        new: Option<String>,
    },
}

/// Compares a step with the last run in which its key was another.
///
/// # Errors
/// When a record or a listing of that run cannot be read.
pub fn explain(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    now: &KeyMaterial,
    listing: Option<&Listing>,
) -> Result<Explanation, CacheError> {
    let id = plan.steps[step].id();
    let Some((started_s, record)) = earlier(plan, cache, id, &now.key())? else {
        return Ok(Explanation {
            step: id.into(),
            compared_with_s: None,
            reasons: Vec::new(),
        });
    };
    let differences = now.differences(&record.material);
    let value = |difference: &Difference| Reason::Value {
        difference: difference.clone(),
        remark: match &plan.steps[step].stage {
            Stage::Whole(stage) => stage.remark(difference, &differences),
            _ => None,
        },
    };
    let mut reasons = Vec::new();
    for difference in &differences {
        if difference.name == "source" {
            let files = changed_files(plan, cache, step, difference, listing)?;
            if files.is_empty() {
                reasons.push(value(difference));
            }
            reasons.extend(files);
        } else if let Some(parameter) = difference.name.strip_prefix("input.") {
            let named = plan.steps[step]
                .inputs
                .iter()
                .find(|(name, _)| parameter.starts_with(name.as_str()));
            match named {
                Some((_, input)) => reasons.push(Reason::Input {
                    step: plan.steps[*input].id().into(),
                }),
                None => reasons.push(value(difference)),
            }
        } else {
            reasons.push(value(difference));
        }
    }
    Ok(Explanation {
        step: id.into(),
        compared_with_s: Some(started_s),
        reasons,
    })
}

/// The last run in which the step `id` had another key than `key`: when it began, and the step's record.
fn earlier(
    plan: &Plan,
    cache: &Cache,
    id: &str,
    key: &Digest,
) -> Result<Option<(u64, StepRecord)>, CacheError> {
    for run in cache.runs.all(&plan.name)?.into_iter().rev() {
        let old = run.record.steps.get(id).filter(|old| *old != key);
        if let Some(old) = old
            && let Some(record) = cache.records.get(old)?
        {
            return Ok(Some((run.record.started_s, record)));
        }
    }
    Ok(None)
}

fn changed_files(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    difference: &Difference,
    listing: Option<&Listing>,
) -> Result<Vec<Reason>, CacheError> {
    let old = match difference.old.as_deref().and_then(Digest::parse) {
        Some(digest) => cache.listings(&plan.listing_name(step)).at(&digest)?,
        None => None,
    };
    let (Some(old), Some(new)) = (old, listing) else {
        return Ok(Vec::new());
    };
    let ids: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
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
