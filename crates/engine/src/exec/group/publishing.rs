//! The sets of a pass as results: recorded in the cache, or failed for their bad items.

use std::collections::HashMap;
use std::sync::Arc;

use miette::Report;
use pipe_foundation::Digest;
use pipe_foundation::sync::lock;
use serde_json::Value as Json;

use crate::artifact::{Item, item_set_digest};
use crate::cache::items::StepTag;
use crate::cache::{CacheError, Lookup, StepOutput};
use crate::exec::event::{Event, Status};
use crate::exec::item_set::{BadOf, usable};
use crate::exec::observer::Observer;
use crate::exec::outcome::StepResult;
use crate::exec::step_status::StepStatus;
use crate::stage::Stage;

use super::bad::failed_for;
use super::{Group, Partial};

impl Group<'_> {
    /// What a set is made of, as the group's source knows.
    fn composition(&self, items: &[Item]) -> Option<Json> {
        self.members
            .iter()
            .find_map(|&member| match &self.plan.steps[member].stage {
                Stage::Source(source) => Some(source.composition(items)),
                _ => None,
            })
            .flatten()
    }

    /// Turns the sets of a pass into records, in order; a failed set takes those after it along.
    pub(super) fn publish(
        &self,
        before: &[(usize, StepStatus)],
        partial: &Partial,
        observer: &dyn Observer,
    ) -> Result<Vec<(usize, StepResult)>, CacheError> {
        let mut kept = lock(&self.sets);
        let empty = HashMap::new();
        let sets = kept.as_ref().unwrap_or(&empty);
        let mut results: Vec<(usize, StepResult)> = Vec::new();
        let mut digests: HashMap<usize, Digest> = HashMap::new();
        for (member, status) in before {
            let member = *member;
            let step = &self.plan.steps[member];
            if self.is_unlisted(member) {
                results.push((member, StepResult::skipped()));
                continue;
            }
            let missing = self.missing(member);
            if let (Some(&expected), Some(set)) =
                (partial.past_limit.get(&member), sets.get(&member))
            {
                let bad = BadOf {
                    set_aside: &set.bad,
                    missing: &missing,
                };
                let error = bad.too_many(expected, step.max_bad(), true);
                let failed = StepResult {
                    to_retry: set.to_retry(),
                    ..failed_for(error, &bad, None)
                };
                results.push((member, failed));
                continue;
            }
            if partial.ended_early {
                let mut inputs = step.input_steps();
                let follows = inputs.all(|input| digests.contains_key(&input));
                let hit = status.hit().filter(|_| follows);
                let output = hit.as_ref().and_then(|hit| hit.output.as_ref());
                digests.extend(output.map(|output| (member, output.digest())));
                results.push((member, hit.unwrap_or_else(StepResult::skipped)));
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
            if let Err(error) = usable(set, &missing, step.max_bad()) {
                let bad = BadOf {
                    set_aside: &set.bad,
                    missing: &missing,
                };
                let failed = StepResult {
                    to_retry: set.to_retry(),
                    ..failed_for(error, &bad, None)
                };
                results.push((member, failed));
                continue;
            }
            let fingerprint = match self.fingerprint(member, &inputs) {
                Ok(Some(fingerprint)) => fingerprint,
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
                        permanent: !set.transient_failures.contains(&item.id),
                        item: item.clone(),
                    });
                }
            }
            // A failure that may pass must be tried again, so the step does not count as done.
            if set.transient_failures.is_empty()
                && let Some(Lookup::Miss(mut reservation)) =
                    self.cache.lookup(&fingerprint, || {}, || false)?
            {
                let prefix = self
                    .files()
                    .ok()
                    .and_then(|files| self.prefix(member, files));
                if let Some(prefix) = prefix {
                    reservation.tagged(StepTag::of(&prefix));
                }
                if let Some(composition) = self.composition(&set.items) {
                    reservation.composed_of(composition);
                }
                self.cache
                    .publish(reservation, step.id(), output.as_ref().clone(), set.busy_s)?;
            }
            let status_now = if was_hit {
                Status::Hit
            } else {
                Status::Executed
            };
            results.push((
                member,
                StepResult {
                    status: status_now,
                    key: Some(fingerprint.key()),
                    computed: set.computed,
                    reused: set.items.len() - set.computed,
                    bad: set.bad.len(),
                    to_retry: set.to_retry(),
                    output: Some(output),
                    seconds: set.busy_s,
                    ..StepResult::skipped()
                },
            ));
        }
        if partial.ended_early {
            // Nobody may take these sets for whole ones.
            *kept = None;
        }
        Ok(results)
    }
}
