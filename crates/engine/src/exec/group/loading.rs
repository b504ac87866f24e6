//! The items of a group's sets with their bytes, for steps that need whole sets.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;
use pipe_foundation::sync::lock;
use rayon::prelude::*;

use crate::artifact::item_set_digest;
use crate::cache::CacheError;
use crate::exec::allotment::Allotment;
use crate::exec::item_set::GroupError;
use crate::exec::limit::PastLimit;
use crate::exec::step_status::StepStatus;
use crate::stage::LoadedItem;

use super::{Group, Pass};

/// The key and id of an item that is lost.
type LostItem = (Digest, String);
/// All items, or those that are lost.
type ReadBack = Result<Vec<LoadedItem>, Vec<LostItem>>;

impl Group<'_> {
    /// The items of `step` with their bytes; damaged ones are made again.
    ///
    /// # Errors
    /// When the cache cannot be used, bytes cannot be read back even after that, or the set is not the one with the
    /// digest `wanted`.
    pub fn load(
        &self,
        step: usize,
        wanted: Option<Digest>,
        scratch: &std::path::Path,
        threads: usize,
        progress: &dyn Progress,
    ) -> miette::Result<Arc<Vec<LoadedItem>>> {
        let mut cached = lock(&self.loaded);
        if let Some(items) = cached.get(&step) {
            return Ok(items.clone());
        }
        let known = lock(&self.sets).is_some();
        if !known {
            self.walk_again(HashSet::new(), scratch, threads, progress)?;
        }
        self.check(step, wanted)?;
        let mut damaged = match self.read_back(step, threads)? {
            Ok(items) => return Ok(remember(&mut cached, step, items)),
            Err(damaged) => damaged,
        };
        progress.warn(&format!(
            "{} stored items are damaged or missing; recomputing them",
            damaged.len()
        ));
        progress.damaged(damaged.len());
        let distrusted: HashSet<Digest> = damaged.iter().map(|(key, _)| *key).collect();
        self.walk_again(distrusted, scratch, threads, progress)?;
        self.check(step, wanted)?;
        match self.read_back(step, threads)? {
            Ok(items) => Ok(remember(&mut cached, step, items)),
            Err(still) => {
                damaged = still;
                let first = damaged
                    .first()
                    .map(|(_, id)| id.clone())
                    .unwrap_or_default();
                Err(GroupError::Unreadable {
                    count: damaged.len(),
                    first,
                }
                .into())
            }
        }
    }

    /// A pass over items that were accepted before.
    fn walk_again(
        &self,
        distrusted: HashSet<Digest>,
        scratch: &std::path::Path,
        threads: usize,
        progress: &dyn Progress,
    ) -> miette::Result<()> {
        let past = PastLimit::Ignore;
        match self.pass(
            distrusted,
            scratch,
            &Allotment::threads(threads),
            past,
            progress,
            || {},
        )? {
            Pass::Done(_) => Ok(()),
            Pass::Interrupted => Err(crate::stage::Interrupted.into()),
            Pass::Fault(_, fault) => Err(fault.report()),
        }
    }

    /// Makes sure that the set of `step` is the one that its record names; if not, forgets the record.
    fn check(&self, step: usize, wanted: Option<Digest>) -> miette::Result<()> {
        let sets = lock(&self.sets);
        let set = sets.as_ref().and_then(|sets| sets.get(&step));
        let found = set.map(|set| item_set_digest(&set.items));
        if wanted.is_none() || found == wanted {
            return Ok(());
        }
        for (_, status) in self.statuses()? {
            if let StepStatus::Hit { fingerprint, .. } = status {
                self.cache.records.remove(&fingerprint.key())?;
                if let Some(remote) = self.cache.pulled() {
                    // It would come again, with items that others made.
                    remote.distrust(&fingerprint.key())?;
                }
            }
        }
        Err(GroupError::Different {
            step: self.plan.steps[step].id().into(),
        }
        .into())
    }

    /// All items of `step`, or keys and ids of those whose bytes are not what they should be; read on so many threads.
    ///
    /// # Errors
    /// When a pack cannot be read.
    fn read_back(&self, step: usize, threads: usize) -> Result<ReadBack, CacheError> {
        let sets = lock(&self.sets);
        let Some(set) = sets.as_ref().and_then(|sets| sets.get(&step)) else {
            return Ok(Ok(Vec::new()));
        };
        let read: Vec<Result<LoadedItem, LostItem>> = set
            .items
            .par_iter()
            .zip(&set.places)
            .with_min_len(set.items.len().div_ceil(threads.max(1)).max(1))
            .map(|(item, (key, location))| {
                let blob = match location {
                    Some(location) => self.cache.packs.get(*location, &item.digest)?,
                    None => None,
                };
                let loaded = blob.map(|blob| LoadedItem {
                    facts: item.facts.clone(),
                    digest: item.digest,
                    blob,
                });
                Ok(loaded.ok_or_else(|| (*key, item.facts.id().to_owned())))
            })
            .collect::<Result<_, CacheError>>()?;
        if read.iter().all(Result::is_ok) {
            return Ok(Ok(read.into_iter().flatten().collect()));
        }
        Ok(Err(read.into_iter().filter_map(Result::err).collect()))
    }
}

fn remember(
    cached: &mut HashMap<usize, Arc<Vec<LoadedItem>>>,
    step: usize,
    items: Vec<LoadedItem>,
) -> Arc<Vec<LoadedItem>> {
    let items = Arc::new(items);
    cached.insert(step, items.clone());
    items
}
