//! The limits on bad items for results that are in the cache, and how a step fails for them.

use std::collections::HashSet;
use std::sync::Arc;

use miette::Report;
use pipe_foundation::Digest;

use crate::artifact::{BadItem, FingerprintInputs};
use crate::cache::StepOutput;
use crate::exec::item_set::{BadOf, GroupError};
use crate::exec::outcome::{KnownBad, StepResult};
use crate::exec::step_status::StepStatus;

use super::Group;

impl Group<'_> {
    /// The results of members that are all in the cache. A limit may be lower than when they were made: then the step
    /// fails, and what follows from it does not run.
    pub fn hits(&self, statuses: &[(usize, StepStatus)]) -> Vec<(usize, StepResult)> {
        let mut unusable: HashSet<usize> = HashSet::new();
        let mut results = Vec::new();
        for (member, status) in statuses {
            let member = *member;
            let mut inputs = self.plan.steps[member].input_steps();
            let result = if inputs.any(|input| unusable.contains(&input)) {
                Some(StepResult::skipped())
            } else {
                let failed = self.past_limit(member, status.output().map(Arc::as_ref));
                let key = status.fingerprint().map(FingerprintInputs::key);
                failed
                    .map(|(error, bad)| failed_for(error, &bad.borrowed(), key))
                    .or_else(|| status.hit())
            };
            let Some(result) = result else {
                continue;
            };
            if result.output.is_none() {
                unusable.insert(member);
            }
            results.push((member, result));
        }
        results
    }

    /// Why a member cannot be used, by what is known without computing anything: its result in the cache, and what its
    /// source lacks.
    pub fn refusal(&self, member: usize, status: &StepStatus) -> Option<GroupError> {
        let refused = self.past_limit(member, status.output().map(Arc::as_ref));
        refused.map(|(error, _)| error)
    }

    fn past_limit(&self, member: usize, output: Option<&StepOutput>) -> Option<(GroupError, Bad)> {
        let (count, set_aside) = match output {
            Some(StepOutput::Items { count, bad, .. }) => (*count, bad.clone()),
            _ => (self.listing(member)?.items.len(), Vec::new()),
        };
        let bad = Bad {
            set_aside,
            missing: self.missing(member),
        };
        let known = bad.borrowed();
        let limit = self.plan.steps[member].max_bad();
        let error = known.check(count + known.count(), limit).err()?;
        Some((error, bad))
    }

    /// What the source `member` lacks; nothing for other members.
    pub(super) fn missing(&self, member: usize) -> Vec<BadItem> {
        let listing = self.listing(member);
        listing.map_or_else(Vec::new, |listing| listing.missing.clone())
    }
}

/// Bad items of a member.
struct Bad {
    set_aside: Vec<BadItem>,
    missing: Vec<BadItem>,
}

impl Bad {
    fn borrowed(&self) -> BadOf<'_> {
        BadOf {
            set_aside: &self.set_aside,
            missing: &self.missing,
        }
    }
}

/// A step that failed with `error`; the message says where all its bad items are listed, if there are any.
pub fn failed_for(error: GroupError, bad: &BadOf<'_>, key: Option<Digest>) -> StepResult {
    let ended_early = matches!(
        error,
        GroupError::TooManyBad {
            ended_early: true,
            ..
        }
    );
    let known = KnownBad {
        set_aside: bad.set_aside.to_vec(),
        missing: !bad.missing.is_empty(),
        ended_early,
    };
    StepResult {
        bad: bad.set_aside.len(),
        bad_items: (bad.count() > 0).then_some(known),
        ..StepResult::failed(Report::new(error), key)
    }
}
