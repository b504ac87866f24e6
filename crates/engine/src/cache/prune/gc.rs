//! Collects garbage down to a size or an age: what is least worth keeping goes first, and what is reachable stays.
//!
//! Reachable is what the last runs of each manifest and pinned runs have made, and what lock files name. The order is: unfinished work of runs that
//! are over and checkpoints of finished trainings, which only save time; then results of earlier runs. Within each, the
//! oldest goes first.

use std::collections::{BTreeSet, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pipe_foundation::Digest;
use serde::Serialize;

use crate::cache::run_record::now_s;
use crate::cache::usage::usage;
use crate::cache::{Cache, CacheError};

use super::chosen::Chosen;
use super::compaction::Compaction;
use super::kept_runs::KeptRuns;
use super::target::Target;
use super::{Pruned, alone, remove_all};

/// What to collect.
#[derive(Clone, Copy, Debug)]
pub struct GcOptions<'a> {
    /// What the cache may take, in bytes.
    pub max_bytes: Option<u64>,
    /// What is unreachable and was written longer ago goes.
    pub max_age: Option<Duration>,
    /// How many runs of each manifest stay.
    pub keep_runs: usize,
    /// Keys of results that stay in any case, such as those in lock files.
    pub locked: &'a HashSet<Digest>,
    /// Removes nothing, and reports what it would remove.
    pub dry_run: bool,
}

/// What was collected.
#[derive(Clone, Debug, Serialize)]
pub struct Collected {
    /// What was removed.
    #[serde(flatten)]
    pub pruned: Pruned,
    /// What the cache takes afterwards, in bytes.
    pub bytes_left: u64,
    /// False where what has to stay is larger than what the cache may take.
    pub within_size: bool,
}

/// Collects garbage. Runs may be in progress meanwhile, and then only what no run can be using is removed.
///
/// # Errors
/// When something that says what is needed cannot be read: then nothing is removed. When something cannot be removed.
pub fn gc(cache: &Cache, options: &GcOptions<'_>) -> Result<Collected, CacheError> {
    let alone = alone(cache, options.dry_run)?;
    let kept = KeptRuns::of(cache, Some(options.keep_runs), options.locked)?;
    let now = UNIX_EPOCH + Duration::from_secs(now_s(&*cache.system));
    let age_limit = options.max_age.and_then(|age| now.checked_sub(age));
    let is_too_large = |left: u64| options.max_bytes.is_some_and(|most| left > most);
    let mut left: u64 = usage(&*cache.system, &cache.root)?
        .iter()
        .map(|part| part.bytes)
        .sum();

    let mut chosen = Chosen::new(cache, None, options.dry_run);
    chosen.unfinished(&kept.current)?;
    chosen.checkpoints(None)?;
    let mut targets = chosen.targets;
    targets.sort_by_key(|target| target.written);
    targets.retain(|target| {
        let goes = is_too_large(left) || age_limit.is_some_and(|limit| target.written <= limit);
        if goes {
            left = left.saturating_sub(target.used.bytes);
        }
        goes
    });

    let mut compaction = None;
    if alone.is_some() {
        let results = results(cache, &kept, age_limit, options, |freed| {
            !is_too_large(left.saturating_sub(freed))
        })?;
        if let Some(results) = results {
            left = left.saturating_sub(results.bytes());
            targets.extend(results.targets);
            compaction = Some(results.compaction);
        }
    }
    let parts = remove_all(cache, alone.as_ref(), targets, compaction, options.dry_run)?;
    Ok(Collected {
        pruned: Pruned {
            parts,
            run_in_progress: alone.is_none(),
        },
        bytes_left: left,
        within_size: !is_too_large(left),
    })
}

/// Results of earlier runs that go: those written until `age_limit`, and then the oldest until what they free is
/// `enough`, or all of them if that is never enough.
fn results(
    cache: &Cache,
    kept: &KeptRuns,
    age_limit: Option<SystemTime>,
    options: &GcOptions<'_>,
    enough: impl Fn(u64) -> bool,
) -> Result<Option<Results>, CacheError> {
    let choose = |cutoff| Results::until(cache, kept, cutoff, options.dry_run);
    let by_age = age_limit.map(|limit| choose(Some(limit))).transpose()?;
    if enough(by_age.as_ref().map_or(0, Results::bytes)) {
        return Ok(by_age);
    }
    let mut chosen = choose(None)?;
    let times = chosen.targets.iter().map(|target| target.written);
    let times: BTreeSet<SystemTime> = times.filter(|time| age_limit < Some(*time)).collect();
    let times: Vec<SystemTime> = times.into_iter().collect();
    // The first moment at which all that was written until then is enough.
    let (mut low, mut high) = (0, times.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let some = choose(Some(times[middle]))?;
        if enough(some.bytes()) {
            chosen = some;
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(Some(chosen))
}

/// Results that nothing reachable needs, and what their items leave in packs.
struct Results {
    targets: Vec<Target>,
    compaction: Compaction,
}

impl Results {
    /// Those that were written until `cutoff`; without it, all of them.
    fn until(
        cache: &Cache,
        kept: &KeptRuns,
        cutoff: Option<SystemTime>,
        dry_run: bool,
    ) -> Result<Self, CacheError> {
        let mut chosen = Chosen::new(cache, cutoff, dry_run);
        chosen.results(kept, true)?;
        Ok(Self {
            compaction: Compaction::of(cache, &chosen.dead_tags, &|_| Ok(true))?,
            targets: chosen.targets,
        })
    }

    /// What their removal frees.
    fn bytes(&self) -> u64 {
        let files = self.targets.iter().map(|target| target.used.bytes);
        let items = self.compaction.frees().into_iter().map(|part| part.bytes);
        files.chain(items).sum()
    }
}
