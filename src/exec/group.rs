//! A group of item-wise steps: looked up step by step, computed item by item, loaded when whole sets are needed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use miette::Report;
use rayon::prelude::*;

use crate::artifact::{Composition, Item, KeyMaterial, item_set_digest};
use crate::cache::items::ItemIndex;
use crate::cache::{Cache, CacheError, Lock, Lookup, StepOutput};
use crate::digest::Digest;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::stage::{LoadedItem, SourceListing, Stage};

use super::item_set::{GroupError, ItemSet, collect, usable};
use super::observer::{Event, Observer, Status, StepProgress};
use super::outcome::StepResult;
use super::walk::{Outcome, Walk, Walked};

/// One group during a run.
pub struct Group<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The cache.
    pub cache: &'a Cache,
    /// Its steps in order.
    pub members: Vec<usize>,
    listings: HashMap<usize, SourceListing>,
    sets: Mutex<Option<HashMap<usize, ItemSet>>>,
    loaded: Mutex<HashMap<usize, Arc<Vec<LoadedItem>>>>,
}

/// How one member stands before anything runs.
pub struct Standing {
    /// What it depends on, when its inputs are known.
    pub material: Option<KeyMaterial>,
    /// Its result, when it is in the cache.
    pub output: Option<StepOutput>,
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
            sets: Mutex::new(None),
            loaded: Mutex::new(HashMap::new()),
        }
    }

    /// What its sources list, when nothing else is wanted of it any more.
    pub fn into_listings(self) -> HashMap<usize, SourceListing> {
        self.listings
    }

    /// What the source `step` listed.
    pub fn listing(&self, step: usize) -> Option<&SourceListing> {
        self.listings.get(&step)
    }

    /// Looks up every member whose inputs are known.
    ///
    /// # Errors
    /// When a file that a stage depends on cannot be read.
    pub fn survey(&self) -> std::io::Result<HashMap<usize, Standing>> {
        let mut standings: HashMap<usize, Standing> = HashMap::new();
        for &member in &self.members {
            let digests: Option<Vec<Digest>> = self.plan.steps[member]
                .input_steps()
                .map(|input| {
                    standings
                        .get(&input)?
                        .output
                        .as_ref()
                        .map(StepOutput::digest)
                })
                .collect();
            let material = match digests {
                Some(digests) => self.material(member, &digests)?,
                None => None,
            };
            let record = material
                .as_ref()
                .and_then(|material| self.cache.finished(&material.key()));
            standings.insert(
                member,
                Standing {
                    material,
                    output: record.map(|record| record.output),
                },
            );
        }
        Ok(standings)
    }

    /// What the set of `member` depends on; none for a source that could not be listed.
    fn material(&self, member: usize, inputs: &[Digest]) -> std::io::Result<Option<KeyMaterial>> {
        let step = &self.plan.steps[member];
        let mut material = step.material(&step.keyed_parameters());
        match &step.stage {
            Stage::Source(_) => {
                let Some(listing) = self.listings.get(&member) else {
                    return Ok(None);
                };
                material.add("source", source_digest(listing).hex());
            }
            Stage::Items(stage) => stage.surroundings(&self.cache.files, &mut material)?,
            Stage::Whole(_) => return Ok(None),
        }
        let inputs: Vec<Option<Digest>> = inputs.iter().copied().map(Some).collect();
        step.add_inputs(&mut material, &inputs);
        Ok(Some(material))
    }

    /// What a run would have to compute.
    ///
    /// # Errors
    /// When the cache or a file that a stage depends on cannot be read.
    pub fn forecast(&self) -> Result<HashMap<usize, Forecast>, CacheError> {
        let walked = self.walk(
            HashSet::new(),
            std::path::Path::new(""),
            &crate::progress::Silent,
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

    /// Brings every member up to date.
    ///
    /// # Errors
    /// When the cache cannot be used.
    pub fn run(
        &self,
        scratch: &std::path::Path,
        threads: usize,
        observer: &dyn Observer,
    ) -> Result<Vec<(usize, StepResult)>, CacheError> {
        let standings = match self.survey() {
            Ok(standings) => standings,
            Err(error) => return Ok(self.all_failed(&error)),
        };
        if standings.values().all(|standing| standing.output.is_some()) {
            return Ok(self
                .members
                .iter()
                .filter_map(|&m| Some((m, hit(standings.get(&m)?)?)))
                .collect());
        }
        let first = self.members[0];
        let progress = StepProgress {
            step: self.plan.steps[first].id(),
            observer,
        };
        for &member in &self.members {
            if standings[&member].output.is_none() {
                observer.event(&Event::StepStarted {
                    step: self.plan.steps[member].id().into(),
                });
            }
        }
        let walked = self.pass(HashSet::new(), scratch, threads, &progress, || {
            observer.event(&Event::StepWaiting {
                step: self.plan.steps[first].id().into(),
            });
        })?;
        if !walked {
            return Ok(self
                .members
                .iter()
                .map(|&member| (member, StepResult::skipped()))
                .collect());
        }
        self.publish(&standings, observer)
    }

    /// Turns the sets of a pass into records, in order; a failed set takes those after it along.
    fn publish(
        &self,
        before: &HashMap<usize, Standing>,
        observer: &dyn Observer,
    ) -> Result<Vec<(usize, StepResult)>, CacheError> {
        let sets = self
            .sets
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let empty = HashMap::new();
        let sets = sets.as_ref().unwrap_or(&empty);
        let mut results: Vec<(usize, StepResult)> = Vec::new();
        let mut digests: HashMap<usize, Digest> = HashMap::new();
        for &member in &self.members {
            let step = &self.plan.steps[member];
            if matches!(step.stage, Stage::Source(_)) && !self.listings.contains_key(&member) {
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
                    results.push((
                        member,
                        StepResult::failed(Report::msg(error.to_string()), None),
                    ));
                    continue;
                }
            };
            let digest = item_set_digest(&set.items);
            digests.insert(member, digest);
            let output = StepOutput::Items {
                digest,
                count: set.items.len(),
                bad: set.bad.clone(),
            };
            let was_hit = before
                .get(&member)
                .is_some_and(|standing| standing.output.is_some());
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
                    .publish(reservation, step.id(), output.clone(), set.busy_s)?;
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
                    material: Some(material),
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
        let mut cached = self
            .loaded
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        if let Some(items) = cached.get(&step) {
            return Ok(items.clone());
        }
        let known = self
            .sets
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
            .is_some();
        if !known && !self.pass(HashSet::new(), scratch, threads, progress, || {})? {
            return Err(crate::stage::Interrupted.into());
        }
        self.check(step, wanted)?;
        let mut damaged = match self.read_back(step) {
            Ok(items) => return Ok(remember(&mut cached, step, items)),
            Err(damaged) => damaged,
        };
        progress.warn(&format!(
            "{} stored items are damaged or gone; making them again",
            damaged.len()
        ));
        let distrusted: HashSet<Digest> = damaged.iter().map(|(key, _)| *key).collect();
        if !self.pass(distrusted, scratch, threads, progress, || {})? {
            return Err(crate::stage::Interrupted.into());
        }
        self.check(step, wanted)?;
        match self.read_back(step) {
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

    /// Makes sure that the set of `step` is the one that its record tells of; if not, forgets the record.
    fn check(&self, step: usize, wanted: Option<Digest>) -> miette::Result<()> {
        let sets = self
            .sets
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let set = sets.as_ref().and_then(|sets| sets.get(&step));
        let found = set.map(|set| item_set_digest(&set.items));
        if wanted.is_none() || found == wanted {
            return Ok(());
        }
        for standing in self.survey().unwrap_or_default().into_values() {
            if let (Some(material), Some(_)) = (standing.material, standing.output) {
                self.cache.records.remove(&material.key())?;
            }
        }
        Err(GroupError::Different {
            step: self.plan.steps[step].id().into(),
        }
        .into())
    }

    /// All items of `step`, or keys and ids of those whose bytes are not what they should be.
    fn read_back(&self, step: usize) -> Result<Vec<LoadedItem>, Vec<(Digest, String)>> {
        let sets = self
            .sets
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        let Some(set) = sets.as_ref().and_then(|sets| sets.get(&step)) else {
            return Ok(Vec::new());
        };
        let read: Vec<Result<LoadedItem, (Digest, String)>> = set
            .items
            .par_iter()
            .zip(&set.places)
            .map(|(item, (key, location))| {
                let blob =
                    location.and_then(|location| self.cache.packs.get(location, &item.digest));
                let blob = blob.ok_or_else(|| (*key, item.utterance.id.clone()))?;
                Ok(LoadedItem {
                    utterance: item.utterance.clone(),
                    digest: item.digest,
                    blob,
                })
            })
            .collect();
        if read.iter().all(Result::is_ok) {
            return Ok(read.into_iter().flatten().collect());
        }
        Err(read.into_iter().filter_map(Result::err).collect())
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
        *self
            .sets
            .lock()
            .unwrap_or_else(|poison| poison.into_inner()) = Some(sets);
        Ok(true)
    }

    fn walk(
        &self,
        distrusted: HashSet<Digest>,
        scratch: &std::path::Path,
        progress: &dyn Progress,
        dry: bool,
    ) -> Result<Walked, CacheError> {
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
            if let Stage::Items(stage) = &step.stage {
                stage
                    .surroundings(&self.cache.files, &mut material)
                    .map_err(|error| CacheError::read(&self.cache.root, error))?;
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

    fn all_failed(&self, error: &std::io::Error) -> Vec<(usize, StepResult)> {
        self.members
            .iter()
            .map(|&m| (m, StepResult::failed(Report::msg(error.to_string()), None)))
            .collect()
    }
}

/// The digest of what a source lists: what is known of each utterance and the digest of its audio.
pub fn source_digest(listing: &SourceListing) -> Digest {
    let items: Vec<Item> = listing
        .items
        .iter()
        .map(|item| Item {
            utterance: item.utterance.clone(),
            digest: item.digest,
        })
        .collect();
    item_set_digest(&items)
}

/// The result of a member that is in the cache.
pub fn hit(standing: &Standing) -> Option<StepResult> {
    let output = standing.output.clone()?;
    let (reused, bad) = match &output {
        StepOutput::Items { count, bad, .. } => (*count, bad.len()),
        StepOutput::Files(_) => (0, 0),
    };
    Some(StepResult {
        status: Status::Hit,
        material: standing.material.clone(),
        output: Some(output),
        computed: 0,
        reused,
        bad,
        seconds: 0.0,
        error: None,
        kept: Vec::new(),
    })
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
