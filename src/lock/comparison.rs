//! How a plan differs from a lock file, before anything is run.

use std::collections::HashSet;

use pipe_engine::cache::{Cache, CacheError};
use pipe_engine::exec::{Resolver, Statuses};
use pipe_engine::plan::{Reason, reasons};

use super::file::LockFile;

/// How one step differs from a lock file.
#[derive(Clone, Debug)]
pub enum StepChange {
    /// The lock file does not have it.
    Added {
        /// Its id.
        step: String,
    },
    /// It depends on the same, and what the cache has of it is another result.
    OtherResult {
        /// Its id.
        step: String,
    },
    /// Only the lock file has it.
    Removed {
        /// Its id.
        step: String,
    },
    /// It depends on something else.
    Changed {
        /// Its id.
        step: String,
        /// On what.
        reasons: Vec<Reason>,
    },
}

/// How the steps of a plan differ from a lock file, as far as their keys are known. Steps that differ only in what other
/// steps make are left out, since those are not.
///
/// # Errors
/// When the cache cannot be read.
pub fn changes(
    lock: &LockFile,
    cache: &Cache,
    resolver: &Resolver<'_>,
    statuses: &Statuses,
) -> Result<Vec<StepChange>, CacheError> {
    let plan = resolver.plan;
    let mut changes = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let id = step.id();
        let Some(locked) = lock.steps.iter().find(|locked| locked.id == id) else {
            changes.push(StepChange::Added { step: id.into() });
            continue;
        };
        let status = statuses.of(index);
        let Some(now) = status.fingerprint() else {
            continue;
        };
        if now.key() == locked.key {
            let output = status.output().map(|output| output.digest());
            if output.is_some_and(|output| output != locked.output) {
                changes.push(StepChange::OtherResult { step: id.into() });
            }
            continue;
        }
        let listing = resolver.digests(index);
        let reasons = reasons(plan, cache, index, now, &locked.inputs, listing.as_ref())?;
        let follows = |reason: &Reason| matches!(reason, Reason::Input { .. });
        if reasons.is_empty() || !reasons.iter().all(follows) {
            changes.push(StepChange::Changed {
                step: id.into(),
                reasons,
            });
        }
    }
    let ids: HashSet<&str> = plan.steps.iter().map(|step| step.id()).collect();
    let gone = lock.steps.iter().filter(|step| !ids.contains(&*step.id));
    changes.extend(gone.map(|step| StepChange::Removed {
        step: step.id.clone(),
    }));
    Ok(changes)
}
