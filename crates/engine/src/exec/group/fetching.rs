//! Items that the remote cache has and this one lacks: a walk that computes nothing finds which the group needs, and they
//! come before the walk that would compute them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::cache::items::{ItemIndex, ItemRecord, Location, StepTag};
use crate::cache::remote::{ItemsOffered, Part, Remote, RemoteItem, TagIndex};
use crate::cache::{CacheError, OwnPack};
use crate::exec::encoder::Encoded;
use crate::exec::item_outcome::Outcome;
use crate::exec::pass::Walked;
use crate::exec::writer::{ItemResult, ItemWriter};

use super::Group;
use super::walk_options::WalkOptions;

/// The number of no pack: items in it are at the remote cache.
const ELSEWHERE: u64 = u64::MAX;

impl Group<'_> {
    /// Adds what the remote cache has of items of these steps, where it is asked at all.
    pub(super) fn add_remote(
        &self,
        index: &mut ItemIndex,
        prefixes: &HashMap<usize, Digest>,
    ) -> Result<(), CacheError> {
        let Some(remote) = self.cache.pulled() else {
            return Ok(());
        };
        for tag in prefixes.values().map(StepTag::of) {
            for (key, item) in remote.items(tag)?.iter() {
                let location = (!item.places.is_empty()).then_some(Location {
                    pack: ELSEWHERE,
                    offset: 0,
                    bytes: 0,
                });
                let digest = item.digest;
                index.add_unless_known(*key, ItemRecord::Done { digest, location });
            }
        }
        Ok(())
    }

    /// Brings the items that a walk of this group needs, and only the remote cache has, into this one; true where any came.
    ///
    /// # Errors
    /// When the cache cannot be read or written.
    pub(super) fn fetch_items(
        &self,
        remote: &Arc<Remote>,
        local: &ItemIndex,
        prefixes: &HashMap<usize, Digest>,
        progress: &dyn Progress,
    ) -> Result<bool, CacheError> {
        if !lacks_any(remote, local, prefixes)? {
            return Ok(false);
        }
        let mut index = local.clone();
        self.add_remote(&mut index, prefixes)?;
        let Walked { outcomes, .. } = self.walk_over(index, WalkOptions::dry())?;
        let writer = ItemWriter::new(self.cache);
        let came = Came::default();
        for (step, outcomes) in outcomes {
            let Some(tag) = prefixes.get(&step).map(StepTag::of) else {
                continue;
            };
            let there = remote.items(tag)?;
            let wanted = wanted(local, &there, &outcomes);
            self.fetch_of_step(remote, tag, wanted, &writer, &came, progress)?;
        }
        writer.finish()?;
        let (items, bytes) = (came.items.into_inner(), came.bytes.into_inner());
        if items > 0 {
            remote.has_given_items(items as usize, bytes);
        }
        Ok(items > 0)
    }

    fn fetch_of_step(
        &self,
        remote: &Remote,
        tag: StepTag,
        wanted: Vec<(Digest, &RemoteItem)>,
        writer: &ItemWriter,
        came: &Came,
        progress: &dyn Progress,
    ) -> Result<(), CacheError> {
        let mut parts = Vec::new();
        for (key, item) in wanted {
            if item.places.is_empty() {
                let done = ItemResult::Done {
                    digest: item.digest,
                    encoded: None,
                };
                writer.keep(&key, tag, done)?;
                came.items.fetch_add(1, Ordering::Relaxed);
            } else {
                parts.push(Part::new(key, item.digest, &item.places));
            }
        }
        let total = parts.len() as u64;
        let done = AtomicU64::new(0);
        remote.read(parts, &|part, bytes| {
            came.items.fetch_add(1, Ordering::Relaxed);
            came.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            let encoded = match self.cache.packs.is_long(bytes.len() as u64) {
                false => Encoded::Short(bytes),
                true => {
                    let mut pack: OwnPack = self.cache.own_pack()?;
                    pack.write(&bytes)?;
                    Encoded::Long(pack.finish()?)
                }
            };
            let result = ItemResult::Done {
                digest: part.digest,
                encoded: Some(encoded),
            };
            writer.keep(&part.key, tag, result)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(64) || done == total {
                progress.advance(done, total);
            }
            Ok(())
        })
    }

    /// The items of `step` as a walk left them, for the remote cache: keys, digests, and where they are; none where there
    /// was no walk.
    pub fn items_of(&self, step: usize) -> Option<ItemsOffered> {
        let prefix = self.prefix(step, self.files().ok()?)?;
        let sets = pipe_foundation::sync::lock(&self.sets);
        let set = sets.as_ref()?.get(&step)?;
        let items = set.items.iter().zip(&set.places);
        let records = items.map(|(item, (key, location))| {
            let record = ItemRecord::Done {
                digest: item.digest,
                location: *location,
            };
            (*key, record)
        });
        Some((StepTag::of(&prefix), records.collect()))
    }

    /// As [`Group::items_of`] of all members that have all of their items here, found by a walk that computes nothing.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn items_known(&self) -> Result<HashMap<usize, ItemsOffered>, CacheError> {
        let offered = |(step, (prefix, outcomes)): (usize, (Digest, Vec<Outcome>))| {
            let records = outcomes.into_iter().filter_map(|outcome| match outcome {
                Outcome::Done {
                    item,
                    location,
                    key,
                    ..
                } => {
                    let digest = item.digest;
                    Some((key, ItemRecord::Done { digest, location }))
                }
                _ => None,
            });
            (step, (StepTag::of(&prefix), records.collect()))
        };
        Ok(self.known_outcomes()?.into_iter().map(offered).collect())
    }

    /// What became of the items of each member that has all of them here, in no order, with what their keys begin with.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn known_outcomes(&self) -> Result<HashMap<usize, (Digest, Vec<Outcome>)>, CacheError> {
        let files = self.files().map_err(|error| self.unreadable(&error))?;
        let prefixes = self.prefixes(files);
        let index = self.local_items(&prefixes)?;
        let walked = self.walk_over(index, WalkOptions::dry())?;
        let known = walked.outcomes.into_iter().filter_map(|(step, outcomes)| {
            let is_missing = |outcome: &Outcome| matches!(outcome, Outcome::Missing);
            let prefix = *prefixes.get(&step)?;
            (!outcomes.iter().any(is_missing)).then_some((step, (prefix, outcomes)))
        });
        Ok(known.collect())
    }

    /// Brings all items of the group that only the remote cache has.
    ///
    /// # Errors
    /// When the cache cannot be read or written.
    pub fn pull(&self, progress: &dyn Progress) -> Result<(), CacheError> {
        let Some(remote) = self.cache.pulled() else {
            return Ok(());
        };
        let files = self.files().map_err(|error| self.unreadable(&error))?;
        let prefixes = self.prefixes(files);
        let local = self.local_items(&prefixes)?;
        self.fetch_items(remote, &local, &prefixes, progress)?;
        Ok(())
    }
}

/// Whether the remote cache has items of these steps that this one does not know.
fn lacks_any(
    remote: &Remote,
    local: &ItemIndex,
    prefixes: &HashMap<usize, Digest>,
) -> Result<bool, CacheError> {
    for tag in prefixes.values().map(StepTag::of) {
        let there = remote.items(tag)?;
        let mut items = there.iter();
        if items.any(|(key, _)| local.get(key).is_none()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What has come.
#[derive(Default)]
struct Came {
    items: AtomicU64,
    bytes: AtomicU64,
}

/// Items among `outcomes` that are not known here as they are at the remote cache, each once.
fn wanted<'r>(
    local: &ItemIndex,
    there: &'r TagIndex,
    outcomes: &[Outcome],
) -> Vec<(Digest, &'r RemoteItem)> {
    let mut seen = HashSet::new();
    let wanted = outcomes.iter().filter_map(|outcome| {
        let Outcome::Done { key, location, .. } = outcome else {
            return None;
        };
        let is_elsewhere = match (location, local.get(key)) {
            (Some(location), _) => location.pack == ELSEWHERE,
            (None, known) => known.is_none(),
        };
        (is_elsewhere && seen.insert(*key)).then(|| Some((*key, there.get(key)?)))?
    });
    wanted.collect()
}
