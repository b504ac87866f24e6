//! Results of a plan that are fetched from the remote cache, without computing anything.

use std::collections::HashSet;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::cache::{Cache, CacheError};
use crate::plan::Plan;

use super::observer::{Observer, StepProgress};
use super::remote_events::tell;
use super::status::{MissingInputs, Resolver};
use super::step_status::StepStatus;

/// Brings all results of a plan that the remote cache has into this one. Gives how many steps have a result then, and how
/// many have none.
///
/// # Errors
/// When the cache cannot be read or written.
pub fn pull(
    plan: &Plan,
    cache: &Cache,
    observer: &dyn Observer,
) -> Result<(usize, usize), CacheError> {
    let _in_use = cache.in_use(|| observer.interrupted())?;
    let resolver = Resolver::new(plan, cache, &|| observer.interrupted());
    let scratch = cache.scratch()?;
    let mut tried: HashSet<Digest> = HashSet::new();
    let statuses = loop {
        // Each round makes the keys of the next steps known.
        let statuses = resolver.all(MissingInputs::Allowed)?;
        let Some(remote) = cache.pulled().filter(|_| !observer.interrupted()) else {
            break statuses;
        };
        let mut keys = Vec::new();
        for status in &statuses.0 {
            if let StepStatus::Miss { fingerprint } = status {
                let key = fingerprint.key();
                if tried.insert(key) && remote.record(&key)?.is_some() {
                    keys.push(key);
                }
            }
        }
        if keys.is_empty() {
            break statuses;
        }
        let folder = scratch.folder()?;
        remote.fetch(cache, &keys, folder.path())?;
        tell(remote, &plan.name, observer);
    };
    for group in &resolver.groups {
        let step = plan.steps[group.members[0]].id();
        let progress = StepProgress { step, observer };
        if !progress.interrupted() {
            group.pull(&progress)?;
        }
    }
    if let Some(remote) = &cache.remote {
        tell(remote, &plan.name, observer);
    }
    cache.save_file_stats()?;
    let there = statuses.0.iter().filter(|status| status.output().is_some());
    let there = there.count();
    Ok((there, statuses.0.len() - there))
}
