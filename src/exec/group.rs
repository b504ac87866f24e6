//! A group of item-wise steps: looked up step by step, computed item by item, loaded when whole sets are needed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use miette::Report;
use pipe_foundation::Digest;
use pipe_foundation::progress::Progress;

use crate::artifact::{Composition, KeyMaterial, item_set_digest};
use crate::cache::items::ItemIndex;
use crate::cache::{Cache, CacheError, Lock, Lookup, StepOutput};
use crate::plan::Plan;
use crate::stage::{LoadedItem, SourceListing, Stage};
use crate::sync::lock;

use super::declared_files::{DeclaredFileError, KeyedFiles};
use super::item_set::{ItemSet, collect, usable};
use super::observer::{Event, Observer, Status, StepProgress};
use super::outcome::StepResult;
use super::status::StepStatus;
use super::walk::{Outcome, Walk, Walked};

mod loading;
mod statuses;

pub use statuses::source_digest;

/// One group during a run.
pub struct Group<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The cache.
    pub cache: &'a Cache,
    /// Its steps in order.
    pub members: Vec<usize>,
    listings: HashMap<usize, SourceListing>,
    files: OnceLock<HashMap<usize, KeyedFiles>>,
    sets: Mutex<Option<HashMap<usize, ItemSet>>>,
    loaded: Mutex<HashMap<usize, Arc<Vec<LoadedItem>>>>,
}

/// Items of one step that a run would compute, as a dry walk finds them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forecast {
    /// Items in the cache.
    pub reused: usize,
    /// Items to compute for certain.
    pub missing: usize,
}

impl<'a> Group<'a> {
    /// A group whose sources are listed as given.
    pub fn new(
        plan: &'a Plan,
        cache: &'a Cache,
        members: Vec<usize>,
        listings: HashMap<usize, SourceListing>,
    ) -> Self {
        Self {
            plan,
            cache,
            members,
            listings,
            files: OnceLock::new(),
            sets: Mutex::new(None),
            loaded: Mutex::new(HashMap::new()),
        }
    }

    /// What the files that members declare hold, found out once, so that all keys of a run tell of the same contents.
    ///
    /// # Errors
    /// When one cannot be read.
    fn files(&self) -> Result<&HashMap<usize, KeyedFiles>, DeclaredFileError> {
        if let Some(files) = self.files.get() {
            return Ok(files);
        }
        let mut files = HashMap::new();
        for &member in &self.members {
            if let Stage::Items(stage) = &self.plan.steps[member].stage {
                files.insert(member, KeyedFiles::read(stage.files(), &self.cache.files)?);
            }
        }
        Ok(self.files.get_or_init(|| files))
    }

    /// What its sources list, when nothing else is wanted of it any more.
    pub fn into_listings(self) -> HashMap<usize, SourceListing> {
        self.listings
    }

    /// What the source `step` listed.
    pub fn listing(&self, step: usize) -> Option<&SourceListing> {
        self.listings.get(&step)
    }

    /// What a run would have to compute.
    ///
    /// # Errors
    /// When the cache or a file that a stage depends on cannot be read.
    pub fn forecast(&self) -> Result<HashMap<usize, Forecast>, CacheError> {
        let walked = self.walk(
            HashSet::new(),
            std::path::Path::new(""),
            &pipe_foundation::progress::Silent,
            true,
        )?;
        let mut forecasts: HashMap<usize, Forecast> = HashMap::new();
        for (step, outcomes) in &walked.outcomes {
            let forecast = forecasts.entry(*step).or_default();
            for outcome in outcomes {
                match outcome {
                    Outcome::Done { .. } => forecast.reused += 1,
                    Outcome::Missing => forecast.missing += 1,
                    Outcome::Bad { .. } => {}
                }
            }
        }
        Ok(forecasts)
    }

    /// Brings every member up to date; `before` are their statuses, not all of them hits.
    ///
    /// # Errors
    /// When the cache cannot be used.
    pub fn run(
        &self,
        before: &[(usize, StepStatus)],
        scratch: &std::path::Path,
        threads: usize,
        observer: &dyn Observer,
    ) -> Result<Vec<(usize, StepResult)>, CacheError> {
        let unreadable = before.iter().find_map(|(member, status)| match status {
            StepStatus::Failed { error } if !self.is_unlisted(*member) => Some(error),
            _ => None,
        });
        if let Some(error) = unreadable {
            let failed = |&member| (member, StepResult::failed(error.clone().into(), None));
            return Ok(self.members.iter().map(failed).collect());
        }
        let first = self.members[0];
        let progress = StepProgress {
            step: self.plan.steps[first].id(),
            observer,
        };
        for (member, status) in before {
            if status.output().is_none() {
                observer.event(&Event::StepStarted {
                    step: self.plan.steps[*member].id().into(),
                });
            }
        }
        let walked = self.pass(HashSet::new(), scratch, threads, &progress, || {
            observer.event(&Event::StepWaiting {
                step: self.plan.steps[first].id().into(),
            });
        })?;
        if !walked {
            let skipped = |&member| (member, StepResult::skipped());
            return Ok(self.members.iter().map(skipped).collect());
        }
        self.publish(before, observer)
    }

    /// True for a source that could not be listed.
    fn is_unlisted(&self, member: usize) -> bool {
        matches!(self.plan.steps[member].stage, Stage::Source(_))
            && !self.listings.contains_key(&member)
    }

    /// Turns the sets of a pass into records, in order; a failed set takes those after it along.
    fn publish(
        &self,
        before: &[(usize, StepStatus)],
        observer: &dyn Observer,
    ) -> Result<Vec<(usize, StepResult)>, CacheError> {
        let sets = lock(&self.sets);
        let empty = HashMap::new();
        let sets = sets.as_ref().unwrap_or(&empty);
        let mut results: Vec<(usize, StepResult)> = Vec::new();
        let mut digests: HashMap<usize, Digest> = HashMap::new();
        for (member, status) in before {
            let member = *member;
            let step = &self.plan.steps[member];
            if self.is_unlisted(member) {
                results.push((member, StepResult::skipped()));
                continue;
            }
            let inputs: Option<Vec<Digest>> = step
                .input_steps()
                .map(|input| digests.get(&input).copied())
                .collect();
            let (Some(inputs), Some(set)) = (inputs, sets.get(&member)) else {
                results.push((member, StepResult::skipped()));
                continue;
            };
            if let Err(error) = usable(set, step.max_bad()) {
                results.push((member, StepResult::failed(Report::new(error), None)));
                continue;
            }
            let material = match self.material(member, &inputs) {
                Ok(Some(material)) => material,
                Ok(None) => {
                    results.push((member, StepResult::skipped()));
                    continue;
                }
                Err(error) => {
                    results.push((member, StepResult::failed(Report::new(error), None)));
                    continue;
                }
            };
            let digest = item_set_digest(&set.items);
            digests.insert(member, digest);
            let output = Arc::new(StepOutput::Items {
                digest,
                count: set.items.len(),
                bad: set.bad.clone(),
            });
            let was_hit = status.output().is_some();
            if !was_hit {
                for item in &set.bad {
                    observer.event(&Event::ItemBad {
                        step: step.id().into(),
                        item: item.clone(),
                    });
                }
            }
            // A failure that may pass must be tried again, so the step does not count as done.
            if !set.passing_failures
                && let Some(Lookup::Miss(mut reservation)) =
                    self.cache.lookup(&material, || {}, || false)?
            {
                reservation.composed_of(Composition::of(&set.items));
                self.cache
                    .publish(reservation, step.id(), output.as_ref().clone(), set.busy_s)?;
            }
            let status = if was_hit {
                Status::Hit
            } else {
                Status::Executed
            };
            results.push((
                member,
                StepResult {
                    status,
                    key: Some(material.key()),
                    computed: set.computed,
                    reused: set.items.len() - set.computed,
                    bad: set.bad.len(),
                    output: Some(output),
                    seconds: set.busy_s,
                    error: None,
                    kept: Vec::new(),
                },
            ));
        }
        Ok(results)
    }

    /// Walks all items and keeps the sets; false when it was interrupted.
    fn pass(
        &self,
        distrusted: HashSet<Digest>,
        scratch: &std::path::Path,
        threads: usize,
        progress: &dyn Progress,
        waiting: impl FnOnce(),
    ) -> Result<bool, CacheError> {
        // Two runs over the same sources take turns, so that nothing is computed twice.
        let path = self.cache.lock_path(&format!("items-{}", self.lock_name()));
        let Some(_lock) = Lock::take(&path, waiting, || progress.interrupted())? else {
            return Ok(false);
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .build();
        let walked = match pool {
            Ok(pool) => pool.install(|| self.walk(distrusted, scratch, progress, false))?,
            Err(_) => self.walk(distrusted, scratch, progress, false)?,
        };
        if walked.interrupted {
            return Ok(false);
        }
        let sets = collect(&self.members, walked);
        *lock(&self.sets) = Some(sets);
        Ok(true)
    }

    fn walk(
        &self,
        distrusted: HashSet<Digest>,
        scratch: &std::path::Path,
        progress: &dyn Progress,
        dry: bool,
    ) -> Result<Walked, CacheError> {
        // The survey that comes before every walk has found them, or has failed.
        let files = self
            .files()
            .map_err(|error| CacheError::read(&self.cache.root, std::io::Error::other(error)))?;
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut prefixes = HashMap::new();
        for &member in &self.members {
            let step = &self.plan.steps[member];
            for input in step.input_steps() {
                children.entry(input).or_default().push(member);
            }
            let mut material = match &step.stage {
                // Which corpora are listed, and how they are split, changes no single item.
                Stage::Source(_) => step.material(&serde_json::json!({})),
                Stage::Items(stage) => {
                    step.material(&stage.item_parameters(&step.keyed_parameters()))
                }
                Stage::Whole(_) => continue,
            };
            if let Some(files) = files.get(&member) {
                files.add_to(&mut material);
            }
            prefixes.insert(member, material.key());
        }
        let log = self.cache.item_log();
        let index = ItemIndex::load(&log)?;
        if index.state.damaged_bytes > 0 && !dry {
            progress.warn(&format!(
                "{} bytes of the item index are damaged; what they told is found out again",
                index.state.damaged_bytes
            ));
            log.retain(|_| true)?;
        }
        let walk = Walk {
            plan: self.plan,
            cache: self.cache,
            children,
            prefixes,
            files,
            index,
            distrusted,
            scratch,
            progress,
            dry,
        };
        let mut sources: Vec<_> = self
            .listings
            .iter()
            .map(|(step, listing)| (*step, listing.items.as_slice()))
            .collect();
        sources.sort_by_key(|(step, _)| *step);
        walk.run(&sources)
    }

    fn lock_name(&self) -> String {
        let mut material = KeyMaterial::default();
        for &member in self.listings.keys() {
            let step = &self.plan.steps[member];
            material.add(step.material(&step.keyed_parameters()).key().hex(), "");
        }
        material.key().short()
    }
}
