//! The status of a step before it runs: the one answer to "what is its key, and is it done?" that `run`, `plan`, `why`
//! and `report` share.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use miette::Report;
use pipe_foundation::Digest;
use pipe_foundation::machine_fault::MachineFault;
use pipe_foundation::sync::lock;
use rayon::prelude::*;

use crate::artifact::FingerprintInputs;
use crate::cache::{Cache, CacheError, Listing};
use crate::plan::{Plan, Step};
use crate::stage::{Foresight, SourceListing, Stage};

use super::aggregate_key::aggregate_fingerprint;
use super::foresight::foresee;
use super::group::Group;
use super::limit::exceeds;
use super::outcome::StepResult;
use super::outputs::Outputs;
use super::plan_results::{KnownStep, PlanResults};
use super::selection::Selection;
use super::sources::{Listings, list_sources};
use super::step_status::{StatusError, StepStatus, Unlisted};

/// What to do about inputs without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingInputs {
    /// A step without all of its inputs cannot run.
    Refused,
    /// A stage that allows missing inputs runs with those that exist.
    Allowed,
}

/// Looks up the steps of one plan. Sources are listed once, when it is made.
pub struct Resolver<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The cache.
    pub cache: &'a Cache,
    /// Groups of item-wise steps that are computed together.
    pub groups: Vec<Group<'a>>,
    /// The group of each item-wise step.
    group_of: Vec<Option<usize>>,
    /// Why sources could not be listed.
    failed: Mutex<HashMap<usize, Report>>,
    /// What is foreseen of steps over whole sets.
    foreseen: HashMap<usize, Foresight>,
}

impl<'a> Resolver<'a> {
    /// Lists the sources of `plan`. Once `interrupted`, nothing counts as listed.
    pub fn new(plan: &'a Plan, cache: &'a Cache, interrupted: &(dyn Fn() -> bool + Sync)) -> Self {
        Self::of(plan, cache, None, interrupted)
    }

    /// As [`Resolver::new`], with no other sources listed than those behind the steps that `selection` wants: nothing is known
    /// of the others, nor of what is made of them.
    pub fn of(
        plan: &'a Plan,
        cache: &'a Cache,
        selection: Option<&Selection>,
        interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Self {
        let item_groups = plan.item_groups();
        // What is computed together is looked up together.
        let is_wanted = |members: &Vec<usize>| {
            selection.is_none_or(|all| members.iter().any(|&member| all.wants(member)))
        };
        let wanted: HashSet<usize> = (item_groups.iter().filter(|members| is_wanted(members)))
            .flatten()
            .copied()
            .collect();
        let Listings {
            mut listed,
            mut failed,
        } = list_sources(plan, cache, |step| wanted.contains(&step), interrupted);
        if interrupted() {
            listed.clear();
            failed.clear();
        }
        let mut group_of = vec![None; plan.steps.len()];
        let mut groups = Vec::new();
        for members in item_groups {
            let mut own = HashMap::new();
            for &member in &members {
                group_of[member] = Some(groups.len());
                own.extend(listed.remove(&member).map(|listing| (member, listing)));
            }
            groups.push(Group::new(plan, cache, members, own));
        }
        let mut resolver = Self {
            plan,
            cache,
            groups,
            group_of,
            failed: Mutex::new(failed),
            foreseen: HashMap::new(),
        };
        // A source that lacks too much is what is wrong, and not that steps after it have too little.
        resolver.foreseen = foresee(plan, |step| {
            let lacks_too_much = |listing: &&SourceListing| {
                let missing = listing.missing.len();
                let all = listing.items.len() + missing;
                exceeds(missing, all, plan.steps[step].max_bad())
            };
            let listing = resolver.listing(step);
            listing.filter(|listing| !lacks_too_much(listing))
        });
        resolver
    }

    /// What is foreseen of steps over whole sets, in the order of the plan.
    pub fn foreseen(&self) -> impl Iterator<Item = (usize, &Foresight)> {
        (0..self.plan.steps.len()).filter_map(|step| Some((step, self.foreseen.get(&step)?)))
    }

    /// Steps that cannot do their work with what the sources list, with the reason as the error.
    pub fn refused(&self) -> Vec<(usize, StepResult)> {
        let refused = self.foreseen().filter_map(|(step, _)| {
            let error = self.refusal(step)?;
            Some((step, StepResult::failed(error.into(), None)))
        });
        refused.collect()
    }

    fn refusal(&self, step: usize) -> Option<StatusError> {
        let refusal = self.foreseen.get(&step)?.refusal.clone()?;
        let declaration = &self.plan.steps[step].declaration;
        let located = refusal.located(|parameter| declaration.place_of(parameter).clone());
        Some(StatusError::Foreseen(located))
    }

    /// The group that `step` belongs to; none for steps over whole sets.
    pub fn group_of(&self, step: usize) -> Option<&Group<'a>> {
        self.group_of[step].map(|group| &self.groups[group])
    }

    /// As [`Resolver::group_of`], by its place among them.
    pub(super) fn group_index(&self, step: usize) -> Option<usize> {
        self.group_of[step]
    }

    /// What the source `step` lists.
    pub fn listing(&self, step: usize) -> Option<&SourceListing> {
        self.group_of(step)?.listing(step)
    }

    /// What the source `step` lists, as the digest of each item.
    pub fn digests(&self, step: usize) -> Option<Listing> {
        self.listing(step).map(SourceListing::digests)
    }

    /// What all sources list, in the order of the plan.
    pub fn listings(&self) -> impl Iterator<Item = (usize, &SourceListing)> {
        (0..self.plan.steps.len()).filter_map(|step| Some((step, self.listing(step)?)))
    }

    /// What a person should know before anything is computed: what the sources say of their listings, and what is foreseen
    /// of steps over whole sets. Variants of a stage that say the same say it once.
    pub fn warnings(&self) -> Vec<(usize, &str)> {
        let listings = self.listings();
        let listed = listings.flat_map(|(step, listing)| {
            let warnings = listing.warnings.iter();
            warnings.map(move |warning| (step, warning.as_str()))
        });
        let foreseen = self.foreseen().flat_map(|(step, foresight)| {
            let warnings = foresight.warnings.iter();
            warnings.map(move |warning| (step, warning.as_str()))
        });
        let mut told: HashSet<(&str, &str)> = HashSet::new();
        let stage = |step: usize| self.plan.steps[step].declaration.stage.as_str();
        let all = listed.chain(foreseen);
        all.filter(|(step, warning)| told.insert((stage(*step), *warning)))
            .collect()
    }

    /// As [`Resolver::into_results`], with a copy of what the sources list.
    pub fn results(&self, statuses: &Statuses) -> PlanResults {
        let listings = self.listings();
        PlanResults {
            listings: listings
                .map(|(step, listing)| (step, listing.clone()))
                .collect(),
            steps: statuses.0.iter().map(known).collect(),
        }
    }

    /// What all sources list and what `statuses` say of the steps.
    pub fn into_results(self, statuses: Statuses) -> PlanResults {
        PlanResults {
            listings: self.into_listings(),
            steps: statuses.0.iter().map(known).collect(),
        }
    }

    /// What all sources list, in the order of the plan, when nothing else is wanted any more.
    pub fn into_listings(self) -> Vec<(usize, SourceListing)> {
        let groups = self.groups.into_iter();
        let mut listings: Vec<_> = groups.flat_map(Group::into_listings).collect();
        listings.sort_by_key(|(step, _)| *step);
        listings
    }

    /// Why the source `step` could not be listed; the second call finds nothing.
    pub fn take_failure(&self, step: usize) -> Option<Report> {
        lock(&self.failed).remove(&step)
    }

    /// Sources that the machine could not list, with the fault as the error.
    pub fn machine_faults(&self) -> Vec<(usize, StepResult)> {
        let mut failed = lock(&self.failed);
        let faults = failed.extract_if(|_, error| error.is::<MachineFault>());
        faults
            .map(|(step, error)| (step, StepResult::failed(error, None)))
            .collect()
    }

    /// The statuses of a group's members, in their order.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn group(&self, group: usize) -> Result<Vec<(usize, StepStatus)>, CacheError> {
        let mut statuses = self.groups[group].statuses()?;
        let failed = lock(&self.failed);
        for (step, status) in &mut statuses {
            if let Some(error) = failed.get(step) {
                *status = StepStatus::Failed {
                    error: Unlisted::from(error).into(),
                };
            }
        }
        Ok(statuses)
    }

    /// The status of a step over whole sets, given the `outputs` of the steps before it.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn aggregate(
        &self,
        step: usize,
        outputs: &Outputs,
        missing_inputs: MissingInputs,
    ) -> Result<StepStatus, CacheError> {
        if let Some(error) = self.refusal(step) {
            return Ok(StepStatus::Failed { error });
        }
        let declared = &self.plan.steps[step];
        let digests: Vec<Option<Digest>> = declared
            .input_steps()
            .map(|input| self.input_digest(declared, input, outputs))
            .collect();
        let allows =
            matches!(&declared.stage, Stage::Aggregate(stage) if stage.allows_missing_inputs());
        let enough = match allows && missing_inputs == MissingInputs::Allowed {
            true => digests.is_empty() || digests.iter().any(Option::is_some),
            false => digests.iter().all(Option::is_some),
        };
        if !enough {
            let inputs = declared.input_steps().zip(&digests);
            return Ok(StepStatus::Pending {
                on: inputs
                    .filter(|(_, digest)| digest.is_none())
                    .map(|(input, _)| input)
                    .collect(),
            });
        }
        match aggregate_fingerprint(self.plan, self.cache, step, &digests) {
            Ok(fingerprint) => StepStatus::look_up(self.cache, fingerprint),
            Err(error) => Ok(StepStatus::Failed {
                error: error.into(),
            }),
        }
    }

    /// The digest of what `step` takes of `input`; none where that could not be made or listed, or is not known yet.
    fn input_digest(&self, step: &Step, input: usize, outputs: &Outputs) -> Option<Digest> {
        match &step.stage {
            Stage::Aggregate(stage) if stage.takes_listings() => {
                let listing = self.listing(input)?;
                Some(stage.listing_digest(listing))
            }
            _ => outputs.digest(input),
        }
    }

    /// Steps over whole sets by how many of them are before each: those of one level do not depend on each other.
    fn levels(&self) -> Vec<Vec<usize>> {
        let mut level_of = vec![0; self.plan.steps.len()];
        let mut levels: Vec<Vec<usize>> = Vec::new();
        for (step, declared) in self.plan.steps.iter().enumerate() {
            if self.group_of[step].is_some() {
                continue;
            }
            let before = declared.input_steps().map(|input| level_of[input]).max();
            let level = before.unwrap_or(0);
            // That of what follows.
            level_of[step] = level + 1;
            if levels.len() <= level {
                levels.resize_with(level + 1, Vec::new);
            }
            levels[level].push(step);
        }
        levels
    }

    /// Looks up every step, as far as results in the cache make keys known. Nothing is computed.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn all(&self, missing_inputs: MissingInputs) -> Result<Statuses, CacheError> {
        let mut statuses: Vec<Option<StepStatus>> = Vec::new();
        statuses.resize_with(self.plan.steps.len(), || None);
        let outputs = Outputs::new(self.plan.steps.len());
        let mut keep = |step: usize, status: StepStatus| {
            if let Some(output) = status.output() {
                outputs.set(step, output.clone());
            }
            statuses[step] = Some(status);
        };
        for group in 0..self.groups.len() {
            for (step, status) in self.group(group)? {
                keep(step, status);
            }
        }
        for level in self.levels() {
            let looked_up: Vec<StepStatus> = level
                .par_iter()
                .map(|&step| self.aggregate(step, &outputs, missing_inputs))
                .collect::<Result<_, _>>()?;
            level
                .into_iter()
                .zip(looked_up)
                .for_each(|(step, status)| keep(step, status));
        }
        let pending = || StepStatus::Pending { on: Vec::new() };
        Ok(Statuses(
            statuses
                .into_iter()
                .map(|status| status.unwrap_or_else(pending))
                .collect(),
        ))
    }
}

/// What a status says of a step's result.
fn known(status: &StepStatus) -> KnownStep {
    KnownStep {
        key: status.fingerprint().map(FingerprintInputs::key),
        output: status.output().cloned(),
    }
}

/// The statuses of all steps of a plan, in its order.
#[derive(Debug)]
pub struct Statuses(pub Vec<StepStatus>);

impl Statuses {
    /// The status of `step`.
    pub fn of(&self, step: usize) -> &StepStatus {
        &self.0[step]
    }
}
