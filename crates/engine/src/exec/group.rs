//! A group of item-wise steps: checked step by step, computed item by item, loaded when whole sets are needed.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use pipe_foundation::progress::Progress;
use pipe_foundation::sync::lock;
use pipe_foundation::{Digest, thread_pool};

use crate::artifact::FingerprintInputs;
use crate::cache::items::ItemIndex;
use crate::cache::{Cache, CacheError, Holder, Lock};
use crate::plan::Plan;
use crate::stage::{LoadedItem, SourceListing, Stage};

use super::allotment::Allotment;
use super::declared_files::{DeclaredFileError, KeyedFiles};
use super::event::Event;
use super::gate::Gate;
use super::in_flight::ItemMemory;
use super::item_outcome::Outcome;
use super::item_set::{ItemSet, collect};
use super::limit::{Limits, PastLimit};
use super::observer::{Observer, StepProgress};
use super::outcome::StepResult;
use super::pass::Walked;
use super::pass_fault::PassFault;
use super::step_status::StepStatus;
use super::walk::Walk;
use super::width::Width;

mod bad;
mod expected;
mod fetching;
mod keys;
mod loading;
mod publishing;
mod share;
mod statuses;
mod walk_options;

pub use statuses::source_digest;
use walk_options::WalkOptions;

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

/// What came of a pass.
enum Pass {
    /// Every step that is not named here is complete.
    Done(Partial),
    /// The user stopped it.
    Interrupted,
    /// The machine failed at a step.
    Fault(usize, PassFault),
}

/// Steps that a pass left incomplete.
struct Partial {
    /// Those that are past their limits on bad items, with the most items that each would have come to.
    past_limit: HashMap<usize, usize>,
    /// True when no step is complete.
    ended_early: bool,
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

    /// What the files that members declare hold, found out once, so that all keys of a run name the same contents.
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
                files.insert(
                    member,
                    KeyedFiles::read(stage.files(), stage.folders(), &self.cache.files)?,
                );
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
        let walked = self.walk(WalkOptions::dry())?;
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

    /// Brings every member up to date; `before` are their statuses, not all of them hits, and `past` says what becomes of
    /// the others when one has too many bad items.
    ///
    /// # Errors
    /// When the cache cannot be used.
    pub fn run(
        &self,
        before: &[(usize, StepStatus)],
        scratch: &Path,
        lent: &Allotment,
        past: PastLimit,
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
        let waiting = || {
            let holder = Holder::of(&*self.cache.system, &self.lock_path());
            observer.event(&Event::waiting(self.plan.steps[first].id(), &holder));
        };
        let pass = self.pass(HashSet::new(), scratch, lent, past, &progress, waiting)?;
        let others = |result: &dyn Fn(usize) -> StepResult| {
            let members = self.members.iter();
            members.map(|&member| (member, result(member))).collect()
        };
        match pass {
            Pass::Interrupted => Ok(others(&|_| StepResult::skipped())),
            Pass::Fault(step, fault) => Ok(others(&|member| match member == step {
                true => StepResult::failed(fault.report(), None),
                false => StepResult::skipped(),
            })),
            Pass::Done(partial) => self.publish(before, &partial, observer),
        }
    }

    /// True for a source that could not be listed.
    fn is_unlisted(&self, member: usize) -> bool {
        matches!(self.plan.steps[member].stage, Stage::Source(_))
            && !self.listings.contains_key(&member)
    }

    /// Walks all items and keeps the sets.
    fn pass(
        &self,
        distrusted: HashSet<Digest>,
        scratch: &Path,
        lent: &Allotment,
        past: PastLimit,
        progress: &dyn Progress,
        waiting: impl FnOnce(),
    ) -> Result<Pass, CacheError> {
        // Two runs over the same sources take turns, so that nothing is computed twice.
        let system = &*self.cache.system;
        let taken = Lock::take(system, &self.lock_path(), waiting, || {
            progress.interrupted()
        })?;
        let Some(_lock) = taken else {
            return Ok(Pass::Interrupted);
        };
        // Threads for all cores that it may come to have; those beyond its share wait.
        let options = WalkOptions {
            distrusted,
            scratch,
            progress,
            past,
            lent: Some(lent),
            share: None,
        };
        let walk = || self.walk(options);
        let walked = match thread_pool(lent.most_threads()) {
            Ok(pool) => pool.install(walk)?,
            Err(_) => walk()?,
        };
        let Walked {
            outcomes,
            busy_s,
            interrupted,
            fault,
            past_limit,
            ended_early,
        } = walked;
        if interrupted {
            return Ok(Pass::Interrupted);
        }
        if let Some((step, fault)) = fault {
            return Ok(Pass::Fault(step, fault));
        }
        *lock(&self.sets) = Some(collect(&self.members, outcomes, &busy_s));
        Ok(Pass::Done(Partial {
            past_limit,
            ended_early,
        }))
    }

    fn walk(&self, options: WalkOptions<'_>) -> Result<Walked, CacheError> {
        let progress = options.progress;
        // The look-up that comes before every walk has found them, or has failed.
        let files = self.files().map_err(|error| self.unreadable(&error))?;
        let prefixes = self.prefixes(files);
        let mut index = self.local_items(&prefixes)?;
        if options.lent.is_none() {
            // What would come rather than be computed.
            self.add_remote(&mut index, &prefixes)?;
        } else {
            if index.state.damaged_bytes > 0 {
                progress.warn(&format!(
                    "{} bytes of the item index are damaged; what they recorded is recomputed",
                    index.state.damaged_bytes
                ));
                self.cache.item_log().retain(|_| true)?;
            }
            if let Some(remote) = self.cache.pulled()
                && self.fetch_items(remote, &index, &prefixes, progress)?
            {
                index = self.local_items(&prefixes)?;
            }
        }
        self.walk_over(index, options)
    }

    /// As [`Group::walk`], with what is known of items.
    fn walk_over(&self, index: ItemIndex, options: WalkOptions<'_>) -> Result<Walked, CacheError> {
        let WalkOptions {
            distrusted,
            scratch,
            progress,
            past,
            lent,
            share,
        } = options;
        let dry = lent.is_none();
        let files = self.files().map_err(|error| self.unreadable(&error))?;
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        for &member in &self.members {
            for input in self.plan.steps[member].input_steps() {
                children.entry(input).or_default().push(member);
            }
        }
        let prefixes = self.prefixes(files);
        self.tell_listed();
        let limits = match past {
            PastLimit::Ignore => Limits::new(self.plan, past, &[].into(), &[].into(), &children),
            _ => {
                let missing =
                    |(&step, listing): (&usize, &SourceListing)| (step, listing.missing.len());
                let missing = self.listings.iter().map(missing).collect();
                let expected = self.expected(&children, &missing);
                Limits::new(self.plan, past, &expected, &missing, &children)
            }
        };
        let walk = Walk {
            plan: self.plan,
            cache: self.cache,
            limits,
            children,
            prefixes,
            files,
            index,
            distrusted,
            scratch,
            progress,
            dry,
            width: Width::new(lent.map(|lent| &lent.share)),
            gate: lent.map(|lent| Gate::new(lent.most_threads(), lent.memory_bytes, &lent.devices)),
            memory: ItemMemory::new(lent.map_or(u64::MAX, |lent| lent.memory_bytes)),
        };
        let mut sources: Vec<_> = self
            .listings
            .iter()
            .map(|(step, listing)| {
                let all = listing.items.as_slice();
                (*step, share.map_or(all, |share| share.of(all)))
            })
            .collect();
        sources.sort_by_key(|(step, _)| *step);
        walk.run(&sources)
    }

    /// Tells each stage what the source of its items lists.
    fn tell_listed(&self) {
        for &member in &self.members {
            let mut source = member;
            while let Some(before) = self.plan.steps[source].input_steps().next() {
                source = before;
            }
            if let Stage::Items(stage) = &self.plan.steps[member].stage
                && let Some(listing) = self.listings.get(&source)
            {
                stage.listed(&listing.items);
            }
        }
    }

    fn lock_path(&self) -> PathBuf {
        let mut fingerprint = FingerprintInputs::default();
        for &member in self.listings.keys() {
            let step = &self.plan.steps[member];
            fingerprint.add(step.fingerprint(&step.keyed_parameters()).key().hex(), "");
        }
        let name = fingerprint.key().short();
        self.cache.lock_path(&format!("items-{name}"))
    }
}
