//! Why each step would run, or did run: its status with what changed since an earlier run.

use crate::cache::{Cache, CacheError};
use crate::plan::{Explanation, Plan, explain};

use super::status::{MissingInputs, Resolver};
use super::step_status::StepStatus;

/// The status of a step before it runs, and the reason for it.
#[derive(Debug)]
pub enum Why {
    /// Its key is known.
    Known {
        /// Whether its result is in the cache.
        is_cached: bool,
        /// What differs from the last run in which its key was another.
        explanation: Explanation,
    },
    /// Its key is not known before these steps are done.
    Pending {
        /// Indices of the steps, in the order of its inputs.
        on: Vec<usize>,
    },
    /// It cannot run.
    Failed {
        /// Why, as a sentence.
        error: String,
    },
}

/// Explains every step of `plan`, or only `wanted`; each with its index.
///
/// # Errors
/// When the cache cannot be read.
pub fn why(
    plan: &Plan,
    cache: &Cache,
    wanted: Option<usize>,
) -> Result<Vec<(usize, Why)>, CacheError> {
    let resolver = Resolver::new(plan, cache, &|| false);
    let statuses = resolver.prospects(MissingInputs::Allowed)?;
    let mut history = cache.runs.history(&plan.name)?;
    let steps = (0..plan.steps.len()).filter(|step| wanted.is_none_or(|wanted| wanted == *step));
    let mut explained = Vec::new();
    for step in steps {
        let status = statuses.of(step);
        let why = match (status, status.fingerprint()) {
            (StepStatus::Failed { error }, _) => Why::Failed {
                error: error.to_string(),
            },
            (_, None) => Why::Pending {
                on: (plan.steps[step].input_steps())
                    .filter(|&input| statuses.of(input).output().is_none())
                    .collect(),
            },
            (_, Some(fingerprint)) => {
                let listing = resolver.digests(step);
                let listing = listing.as_ref();
                Why::Known {
                    is_cached: status.output().is_some(),
                    explanation: explain(plan, cache, &mut history, step, fingerprint, listing)?,
                }
            }
        };
        explained.push((step, why));
    }
    Ok(explained)
}
