//! Why a step has to run, found when it is looked up: the words are those of `pipe why`.

use std::collections::HashSet;
use std::sync::Mutex;

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use serde::{Deserialize, Serialize};

use crate::artifact::FingerprintInputs;
use crate::cache::{CacheError, Lost, RunHistory};
use crate::plan::{Reason, explain};

use super::event::Event;
use super::observer::Observer;
use super::status::Resolver;
use super::step_status::StepStatus;

/// Reasons that are told of one step. A changed corpus has one for every file.
const MOST_REASONS: usize = 20;

/// Why a step has no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Miss {
    /// In one word.
    pub cause: MissCause,
    /// When the run was that the step is compared with, in seconds since 1970.
    pub compared_with_s: Option<u64>,
    /// What differs from it, at most 20.
    pub reasons: Vec<Reason>,
    /// How many more there are.
    pub more_reasons: usize,
    /// Ids of the steps whose results it waits for, where its key depends on them.
    pub after: Vec<String>,
}

/// Why a step has no result, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissCause {
    /// No earlier run that is remembered has done it.
    FirstRun,
    /// Something that it depends on has changed.
    Changed,
    /// A step before it has to run first, and may come to what it was.
    After,
    /// Its result was made and is damaged.
    Damaged,
    /// Its result was made and is not in the cache any more.
    Removed,
    /// The history of the manifest cannot be read.
    Unknown,
}

impl From<MissCause> for Miss {
    fn from(cause: MissCause) -> Self {
        Self {
            cause,
            compared_with_s: None,
            reasons: Vec::new(),
            more_reasons: 0,
            after: Vec::new(),
        }
    }
}

/// Finds out why steps of a run have no result. The history is read once, as far back as it is needed.
#[derive(Default)]
pub struct Misses {
    history: Mutex<Option<RunHistory>>,
    /// Keys of results that this run has taken out because they are damaged.
    damaged: Mutex<HashSet<Digest>>,
}

impl Misses {
    /// Takes note of results that were taken out because they are damaged.
    pub fn damaged(&self, keys: impl IntoIterator<Item = Digest>) {
        lock(&self.damaged).extend(keys);
    }

    /// Tells `observer` why `step`, with this status, has to run; nothing of a step that has a result or cannot run.
    pub fn tell(
        &self,
        resolver: &Resolver<'_>,
        step: usize,
        status: &StepStatus,
        observer: &dyn Observer,
    ) {
        let (key, miss) = match status {
            StepStatus::Miss { fingerprint } => {
                let miss = self.why(resolver, step, fingerprint);
                let miss = miss.unwrap_or_else(|_| MissCause::Unknown.into());
                (Some(fingerprint.key().hex()), miss)
            }
            StepStatus::Pending { on } => {
                let id = |&input: &usize| resolver.plan.steps[input].id().to_owned();
                let miss = Miss {
                    after: on.iter().map(id).collect(),
                    ..MissCause::After.into()
                };
                (None, miss)
            }
            StepStatus::Hit { .. } | StepStatus::Failed { .. } => return,
        };
        observer.event(&Event::StepMissed {
            step: resolver.plan.steps[step].id().into(),
            key,
            miss,
        });
    }

    /// # Errors
    /// When a record or a listing cannot be read.
    fn why(
        &self,
        resolver: &Resolver<'_>,
        step: usize,
        now: &FingerprintInputs,
    ) -> Result<Miss, CacheError> {
        let (plan, cache) = (resolver.plan, resolver.cache);
        let key = now.key();
        let lost = cache.lost(&key)?;
        if lost == Lost::Damaged || lock(&self.damaged).contains(&key) {
            return Ok(MissCause::Damaged.into());
        }
        let mut history = lock(&self.history);
        let history = match &mut *history {
            Some(history) => history,
            none => none.insert(cache.runs.history(&plan.name)?),
        };
        let id = plan.steps[step].id();
        let latest = history.find(id, |key, _| Ok(Some(*key)))?;
        if latest == Some(key) {
            return Ok(MissCause::Removed.into());
        }
        let listing = resolver.digests(step);
        let explanation = explain(plan, cache, history, step, now, listing.as_ref())?;
        let Some(compared_with_s) = explanation.compared_with_s else {
            return Ok(MissCause::FirstRun.into());
        };
        let mut reasons = explanation.reasons;
        let more_reasons = reasons.len().saturating_sub(MOST_REASONS);
        reasons.truncate(MOST_REASONS);
        Ok(Miss {
            compared_with_s: Some(compared_with_s),
            reasons,
            more_reasons,
            ..MissCause::Changed.into()
        })
    }
}
