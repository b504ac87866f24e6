//! Finds out why steps have to run when they are looked up.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use pipe_foundation::Digest;
use pipe_foundation::sync::lock;

use crate::artifact::FingerprintInputs;
use crate::cache::{CacheError, Lost, LostFile, RunHistory};
use crate::plan::explain;

use super::event::Event;
use super::miss::{Miss, MissCause};
use super::observer::Observer;
use super::status::Resolver;
use super::step_status::StepStatus;

/// Reasons and items that are reported for one step. A changed data set has one for every file.
const MOST_REASONS: usize = 20;

/// Finds out why steps of a run have no result. The history is read once, as far back as it is needed.
pub struct Misses {
    /// Of each step, the items that failed in the run before in a way that may pass.
    to_retry: BTreeMap<String, Vec<String>>,
    history: Mutex<Option<RunHistory>>,
    /// Keys of results that this run has found damaged, or has taken out because of that.
    damaged: Mutex<HashSet<Digest>>,
}

impl Misses {
    /// Nothing is known to be missed yet. `to_retry` has the items that failed in the run before in a way that may pass, for
    /// each step.
    pub fn new(to_retry: BTreeMap<String, Vec<String>>) -> Self {
        Self {
            to_retry,
            history: Mutex::default(),
            damaged: Mutex::default(),
        }
    }

    /// Takes note of results that were taken out because they are damaged.
    pub fn damaged(&self, keys: impl IntoIterator<Item = Digest>) {
        lock(&self.damaged).extend(keys);
    }

    /// Results that this run has found damaged, or has taken out because of that.
    pub fn damaged_results(&self) -> usize {
        lock(&self.damaged).len()
    }

    /// Tells `observer` why `step`, with this status, has to run; nothing of a step that has a result or cannot run.
    pub fn report(
        &self,
        resolver: &Resolver<'_>,
        step: usize,
        status: &StepStatus,
        observer: &dyn Observer,
    ) {
        let (key, miss) = match status {
            StepStatus::Miss { fingerprint } => {
                let key = fingerprint.key();
                if let Ok(Lost::Damaged(file)) = resolver.cache.lost(&key) {
                    self.tell_damaged(resolver.plan.steps[step].id(), key, file, observer);
                }
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
        let id = resolver.plan.steps[step].id();
        if let Some(ids) = self.to_retry.get(id) {
            observer.event(&Event::ItemsRetried {
                step: id.into(),
                items: ids.len(),
                ids: ids.iter().take(MOST_REASONS).cloned().collect(),
            });
        }
    }

    /// Tells once that the result of `step` under `key` is damaged, as the times or the absence of `file` show. What was
    /// made from it was made while it was whole.
    fn tell_damaged(&self, step: &str, key: Digest, file: LostFile, observer: &dyn Observer) {
        if !lock(&self.damaged).insert(key) {
            return;
        }
        let LostFile { name, is_gone } = file;
        let what = match is_gone {
            true => "is gone from",
            false => "is damaged in",
        };
        observer.event(&Event::Warning {
            step: step.into(),
            message: format!("{name} {what} the cache; recomputing it"),
        });
        observer.event(&Event::ResultDamaged {
            step: step.into(),
            key: key.hex(),
            file: Some(name),
            gone: is_gone,
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
        let is_damaged = |key: &Digest| lock(&self.damaged).contains(key);
        if is_damaged(&key) {
            return Ok(MissCause::Damaged.into());
        }
        let mut history = lock(&self.history);
        let history = match &mut *history {
            Some(history) => history,
            none => none.insert(cache.runs.history(&plan.name)?),
        };
        let id = plan.steps[step].id();
        let latest = history.find(id, |key, _| Ok(Some(*key)))?;
        if latest == Some(key) && self.to_retry.contains_key(id) {
            return Ok(MissCause::Retry.into());
        }
        if latest == Some(key) {
            return Ok(MissCause::Removed.into());
        }
        // It cannot be compared with what was taken out.
        if latest.as_ref().is_some_and(is_damaged) {
            return Ok(MissCause::Damaged.into());
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
