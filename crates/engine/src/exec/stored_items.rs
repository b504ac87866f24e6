//! Where the items of a finished step are stored, for programs that read them without the engine.

use std::path::PathBuf;
use std::sync::Arc;

use pipe_foundation::Digest;

use crate::artifact::ItemFacts;
use crate::cache::{Cache, CacheError};
use crate::plan::Plan;

use super::group::Group;
use super::item_outcome::Outcome;
use super::observer::Observer;
use super::status::{MissingInputs, Resolver};

/// One item of a step.
#[derive(Clone, Debug)]
pub struct StoredItem {
    /// What is known of it.
    pub facts: Arc<dyn ItemFacts>,
    /// Digest of its stored bytes.
    pub digest: Digest,
    /// Where they are; none where the step keeps no bytes of its own, as a source does.
    pub place: Option<StoredPlace>,
}

/// Where stored bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPlace {
    /// A pack of the cache. Packs are never changed; what nothing needs any more goes to another with the rest.
    pub file: PathBuf,
    /// The first byte, a multiple of 64.
    pub offset: u64,
    /// The number of bytes.
    pub bytes: u64,
}

/// The items of a finished step.
#[derive(Clone, Debug)]
pub struct StoredItems {
    /// The step's key.
    pub key: Digest,
    /// Its items, sorted by their ids.
    pub items: Vec<StoredItem>,
}

/// The items of a step; none where the step has no items, or not all of them are in the cache. Nothing is computed, and the
/// bytes are not looked at.
///
/// # Errors
/// When the cache cannot be read.
pub fn stored_items(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    observer: &dyn Observer,
) -> Result<Option<StoredItems>, CacheError> {
    let _in_use = cache.in_use(|| observer.interrupted())?;
    let resolver = Resolver::new(plan, cache, &|| observer.interrupted());
    let statuses = resolver.all(MissingInputs::Allowed)?;
    let key = (statuses.0[step].fingerprint()).map(|fingerprint| fingerprint.key());
    let (Some(key), Some(group)) = (key, resolver.group_of(step)) else {
        return Ok(None);
    };
    let items = of_group(group, cache, step)?;
    Ok(items.map(|items| StoredItems { key, items }))
}

fn of_group(
    group: &Group<'_>,
    cache: &Cache,
    step: usize,
) -> Result<Option<Vec<StoredItem>>, CacheError> {
    let Some((_, outcomes)) = group.known_outcomes()?.remove(&step) else {
        return Ok(None);
    };
    let mut items = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        match outcome {
            Outcome::Done { item, location, .. } => items.push(StoredItem {
                facts: item.facts,
                digest: item.digest,
                place: location.map(|location| StoredPlace {
                    file: cache.packs.path_of(location),
                    offset: location.offset,
                    bytes: location.bytes,
                }),
            }),
            Outcome::Bad { .. } => {}
            Outcome::Missing => return Ok(None),
        }
    }
    items.sort_by(|one, other| one.facts.id().cmp(other.facts.id()));
    Ok(Some(items))
}
