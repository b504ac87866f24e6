//! Whether a step has the key that it is to have, and what differs where it has not.

use pipe_foundation::Digest;

use crate::cache::{Cache, CacheError};
use crate::plan::{Plan, Reason, explain, reasons};

use super::status::{MissingInputs, Resolver};

/// How the key of a step compares with the one that it is to have.
#[derive(Debug)]
pub enum KeyComparison {
    /// It is that.
    Same,
    /// It is not known before the inputs of the step are there.
    Unknown,
    /// It is another.
    Other {
        /// Its key.
        found: Digest,
        /// What it is compared with; none where the cache has nothing to compare with.
        with: Option<ComparedWith>,
        /// What differs.
        reasons: Vec<Reason>,
    },
}

/// What a step with another key than it is to have is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparedWith {
    /// The result under the key that it is to have.
    Result,
    /// The last run in which its key was another, by its time in seconds since 1970.
    Run(u64),
}

/// Compares the key of `step` with `expected`.
///
/// # Errors
/// When the cache cannot be read.
pub fn compare_key(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    expected: &Digest,
) -> Result<KeyComparison, CacheError> {
    let resolver = Resolver::new(plan, cache, &|| false);
    let statuses = resolver.all(MissingInputs::Allowed)?;
    let Some(fingerprint) = statuses.of(step).fingerprint() else {
        return Ok(KeyComparison::Unknown);
    };
    let found = fingerprint.key();
    if found == *expected {
        return Ok(KeyComparison::Same);
    }
    let listing = resolver.digests(step);
    let listing = listing.as_ref();
    let record = cache.records.get(expected)?;
    // Under any key there may be another step.
    let own = record.filter(|record| record.step == plan.steps[step].id());
    let (with, reasons) = match own {
        Some(record) => {
            let before = &record.fingerprint;
            let reasons = reasons(plan, cache, step, fingerprint, before, listing)?;
            (Some(ComparedWith::Result), reasons)
        }
        None => {
            let mut history = cache.runs.history(&plan.name)?;
            let explained = explain(plan, cache, &mut history, step, fingerprint, listing)?;
            let with = explained.compared_with_s.map(ComparedWith::Run);
            (with, explained.reasons)
        }
    };
    Ok(KeyComparison::Other {
        found,
        with,
        reasons,
    })
}
