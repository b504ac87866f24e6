//! Results of a plan on their way to the remote cache.

use std::collections::HashMap;
use std::time::Duration;

use pipe_foundation::Digest;

use crate::cache::remote::{ItemsOffered, Offer, Remote};
use crate::cache::{Cache, CacheError, StepOutput};
use crate::plan::Plan;

use super::aggregate::AggregateRun;
use super::event::Status;
use super::observer::Observer;
use super::outcome::StepResult;
use super::remote_events::tell;
use super::status::{MissingInputs, Resolver};

/// What the end of a run waits for the remote cache at most.
const WAIT: Duration = Duration::from_secs(600);
/// No run waits so long.
const ENDLESS: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Items of steps, with their keys.
type Items = HashMap<usize, ItemsOffered>;

impl AggregateRun<'_> {
    /// Offers the result of a step to the remote cache, if its content is at hand.
    pub(super) fn offer(&self, step: usize, result: &StepResult) {
        let (Some(remote), Some(key), Some(output)) =
            (self.cache().pushed(), result.key, &result.output)
        else {
            return;
        };
        if remote.has_given(&key) {
            return;
        }
        match **output {
            StepOutput::Files(_) => remote.offer(Offer::Result(key), false),
            StepOutput::Items { .. } => {
                let group = self.resolver.group_of(step);
                if let Some((tag, items)) = group.and_then(|group| group.items_of(step)) {
                    remote.offer(Offer::Items { key, tag, items }, false);
                }
            }
        }
    }

    /// Whether a result came from the remote cache in this run.
    pub(super) fn is_fetched(&self, result: &StepResult) -> bool {
        let remote = self.cache().remote.as_ref();
        let key = result.key.filter(|_| result.status == Status::Hit);
        key.is_some_and(|key| remote.is_some_and(|remote| remote.has_given(&key)))
    }

    /// Brings results under `keys` from the remote cache, as far as they can be had.
    pub(super) fn fetch(&self, keys: &[Digest]) -> Result<(), CacheError> {
        if let Some(remote) = self.cache().pulled() {
            remote.read_index()?;
            let folder = self.scratch.folder()?;
            remote.fetch(self.cache(), keys, folder.path())?;
        }
        Ok(())
    }

    /// Tells what has happened between the cache and its remote one.
    pub(super) fn tell_remote(&self) {
        if let Some(remote) = &self.cache().remote {
            tell(remote, &self.plan().name, self.observer);
        }
    }
}

/// At the end of a run: waits for what is on its way, within reason.
pub fn finish(cache: &Cache, plan: &Plan, observer: &dyn Observer) {
    if let Some(remote) = &cache.remote {
        remote.finish(WAIT, || observer.interrupted());
        tell(remote, &plan.name, observer);
    }
}

/// Offers all of these results, whose keys are known, with the items of steps whose items are; `again` also those that have
/// been sent before.
fn offer_all(
    resolver: &Resolver<'_>,
    remote: &std::sync::Arc<Remote>,
    known: impl Iterator<Item = (usize, Digest, bool)>,
    again: bool,
) -> Result<usize, CacheError> {
    let mut items: HashMap<usize, Items> = HashMap::new();
    let mut offered = 0;
    for (step, key, is_of_items) in known {
        if !is_of_items {
            remote.offer(Offer::Result(key), again);
            offered += 1;
            continue;
        }
        let Some(group) = resolver.group_of(step) else {
            continue;
        };
        let first = group.members[0];
        let of_group = match items.entry(first) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(group.items_known()?),
        };
        if let Some((tag, items)) = of_group.remove(&step) {
            remote.offer(Offer::Items { key, tag, items }, again);
            offered += 1;
        }
    }
    Ok(offered)
}

/// Sends all results of a plan that this cache has and the remote one lacks. Gives how many there are, and how many of them
/// are not there in the end.
///
/// # Errors
/// When the cache cannot be read.
pub fn push(
    plan: &Plan,
    cache: &Cache,
    observer: &dyn Observer,
) -> Result<(usize, usize), CacheError> {
    let Some(remote) = cache.pushed() else {
        return Ok((0, 0));
    };
    let _in_use = cache.in_use(|| observer.interrupted())?;
    let resolver = Resolver::new(plan, cache, &|| observer.interrupted());
    let statuses = resolver.all(MissingInputs::Allowed)?;
    let known = statuses.0.iter().enumerate().filter_map(|(step, status)| {
        let is_of_items = matches!(**status.output()?, StepOutput::Items { .. });
        Some((step, status.fingerprint()?.key(), is_of_items))
    });
    let all = offer_all(&resolver, remote, known, true)?;
    let left = remote.finish(ENDLESS, || observer.interrupted() || remote.off().is_some());
    tell(remote, &plan.name, observer);
    Ok((all, left))
}

/// Offers what a run has found in the cache without looking at its items, if it has not been sent before.
///
/// # Errors
/// When the cache cannot be read.
pub fn offer_hits(
    resolver: &Resolver<'_>,
    results: &[StepResult],
    cache: &Cache,
) -> Result<(), CacheError> {
    let Some(remote) = cache.pushed() else {
        return Ok(());
    };
    let mut known = Vec::new();
    for (step, result) in results.iter().enumerate() {
        let (Some(key), Some(output)) = (result.key, &result.output) else {
            continue;
        };
        let is_of_items = matches!(**output, StepOutput::Items { .. });
        if is_of_items && !remote.has_given(&key) && !remote.has_taken(&key)? {
            known.push((step, key, true));
        }
    }
    offer_all(resolver, remote, known.into_iter(), false)?;
    Ok(())
}
