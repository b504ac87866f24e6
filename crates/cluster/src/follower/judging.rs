//! What the states of tasks say of the units that they were given.

use std::time::Duration;

use crate::cut::Placed;
use crate::error::ClusterError;
use crate::results::Results;
use crate::task_state::{Ending, TaskState};
use crate::verdict::{Evidence, Verdict};

use super::{Follower, Happening, MOST_UNSEEN, Seen, Settled};

/// Lines of a log that are shown of a unit that failed.
const LINES_SHOWN: usize = 12;

/// Reasons for waiting that pass by themselves.
const PASSING: [&str; 16] = [
    "",
    "None",
    "Priority",
    "Resources",
    "Dependency",
    "BeginTime",
    "JobArrayTaskLimit",
    "Prolog",
    "Cleaning",
    "QOSMaxJobsPerUserLimit",
    "QOSMaxCpuPerUserLimit",
    "QOSMaxGRESPerUser",
    "AssocGrpCpuLimit",
    "AssocGrpGRES",
    "AssocMaxJobsLimit",
    "Reservation",
];

impl Follower<'_> {
    /// Looks at the task of every open unit.
    pub(super) fn judge(
        &mut self,
        seen: &Seen<'_>,
        results: &mut dyn Results,
        now: Duration,
        tell: &mut dyn FnMut(Happening),
    ) -> Result<(), ClusterError> {
        self.tell_held(seen, tell);
        let open: Vec<usize> = self.open.difference(&self.homeless).copied().collect();
        for unit in open {
            let Some(placed) = self.assignments.placed.get(&unit).cloned() else {
                continue;
            };
            self.tell_shares(unit, seen, tell);
            let Some(ending) = self.ending(unit, &placed, seen, tell) else {
                continue;
            };
            if ending == Ending::Well && self.ledger.left(&self.works[unit].name)?.is_none() {
                let since = *self.ended_well.entry(unit).or_insert(now);
                if now.saturating_sub(since) < self.options.late {
                    continue;
                }
            }
            self.conclude(unit, &placed, ending, results, tell)?;
        }
        Ok(())
    }

    /// How the task of a unit ended; none while it goes on, or nothing is known yet.
    fn ending(
        &mut self,
        unit: usize,
        placed: &Placed,
        seen: &Seen<'_>,
        tell: &mut dyn FnMut(Happening),
    ) -> Option<Ending> {
        let place = (placed.array, placed.task);
        let Some(status) = seen.get(&place) else {
            // The scheduler forgets what is long over, and may not know yet what has just been handed in.
            let unseen = self.unseen.entry(place).or_default();
            *unseen += 1;
            let is_gone = *unseen >= MOST_UNSEEN;
            return match self.ledger.exit_code(placed.array, placed.task) {
                Some(0) => Some(Ending::Well),
                Some(code) => Some(Ending::Badly(Some(code))),
                None => is_gone.then_some(Ending::Unknown),
            };
        };
        self.unseen.remove(&place);
        match status.state {
            TaskState::Waiting => {
                // Shares of its items are at work before the task that makes the result.
                let is_shared = self.assignments.shares.contains_key(&unit);
                if !is_shared && self.started.remove(&unit) {
                    let log = self
                        .ledger
                        .last_lines(placed.array, placed.task, LINES_SHOWN);
                    let why = Ending::told_in(&log);
                    tell(Happening::Requeued { unit, why });
                }
                None
            }
            TaskState::Running => {
                if self.started.insert(unit) {
                    tell(Happening::Started(unit));
                }
                None
            }
            TaskState::Ended(Ending::Badly(None)) => {
                let code = self.ledger.exit_code(placed.array, placed.task);
                Some(Ending::Badly(code))
            }
            TaskState::Ended(ending) => Some(ending),
        }
    }

    /// Draws the conclusion from the end of the task of a unit without a result.
    fn conclude(
        &mut self,
        unit: usize,
        placed: &Placed,
        ending: Ending,
        results: &mut dyn Results,
        tell: &mut dyn FnMut(Happening),
    ) -> Result<(), ClusterError> {
        let Placed { array, task } = *placed;
        let work = &self.works[unit];
        let evidence = Evidence {
            ending,
            left: self.ledger.left(&work.name)?,
            log: self.ledger.last_lines(array, task, LINES_SHOWN),
            can_go_on: work.items.is_some() || results.can_go_on(unit),
            memory_is_asked: work.resources.memory_bytes > 0,
            attempt: self.assignments.attempts.get(&unit).copied().unwrap_or(0),
            retries: self.options.retries,
        };
        match evidence.verdict() {
            Verdict::Orphan => {
                let is_made = |other: &usize| self.settled(*other).is_none_or(Settled::is_made);
                // Where all is there that it takes, and was not seen, it is tried as often as what is lost.
                let all_there = self.works[unit].after.iter().all(is_made);
                let attempt = self.assignments.attempts.get(&unit).copied().unwrap_or(0);
                if all_there && !self.takes_open(unit) && attempt >= self.options.retries {
                    self.settle(unit, Settled::Failed);
                    results.given_up(unit);
                    tell(Happening::Failed {
                        unit,
                        reason: "what it takes is in the cache, and its machine did not see it".into(),
                        code: Some("cluster::unseen".into()),
                        help: Some("the cache has to be in a folder that all machines of the cluster share".into()),
                    });
                    return Ok(());
                }
                let counts = all_there && !self.takes_open(unit);
                self.hand_in_again(unit, usize::from(counts));
            }
            Verdict::Again { why, needs_memory } => {
                if needs_memory {
                    let bytes = &mut self.works[unit].resources.memory_bytes;
                    *bytes = bytes.saturating_mul(2);
                }
                self.hand_in_again(unit, 1);
                tell(Happening::Again { unit, why });
            }
            Verdict::Failed { reason, code, help } => {
                self.settle(unit, Settled::Failed);
                results.given_up(unit);
                tell(Happening::Failed {
                    unit,
                    reason,
                    code,
                    help,
                });
            }
        }
        Ok(())
    }

    /// True for a unit that takes one that is not settled.
    fn takes_open(&self, unit: usize) -> bool {
        let mut after = self.works[unit].after.iter();
        after.any(|other| self.open.contains(other))
    }

    /// No task stands for the unit any more.
    fn hand_in_again(&mut self, unit: usize, attempts: usize) {
        *self.assignments.attempts.entry(unit).or_default() += attempts;
        self.assignments.placed.remove(&unit);
        self.assignments.shares.remove(&unit);
        self.started.remove(&unit);
        self.shared.remove(&unit);
        self.ended_well.remove(&unit);
        self.homeless.insert(unit);
    }

    /// How far the tasks are that share the items of a unit.
    fn tell_shares(&mut self, unit: usize, seen: &Seen<'_>, tell: &mut dyn FnMut(Happening)) {
        let Some(&array) = self.assignments.shares.get(&unit) else {
            return;
        };
        let Some(tasks) = self.assignments.arrays.get(array).map(|array| &array.tasks) else {
            return;
        };
        let state = |task: &u32| seen.get(&(array, *task)).map(|status| status.state);
        let is_at_work = |task: &u32| state(task) == Some(TaskState::Running);
        let is_done = |task: &&u32| {
            state(task) == Some(TaskState::Ended(Ending::Well))
                || self.ledger.exit_code(array, **task) == Some(0)
        };
        let (any_at_work, of) = (tasks.keys().any(is_at_work), tasks.len());
        let done = tasks.keys().filter(is_done).count();
        if (any_at_work || done > 0) && self.started.insert(unit) {
            tell(Happening::Started(unit));
        }
        if self.shared.insert(unit, done).unwrap_or(0) != done {
            tell(Happening::Shared { unit, done, of });
        }
    }

    /// Tells once of each array that it is held back, and why.
    fn tell_held(&mut self, seen: &Seen<'_>, tell: &mut dyn FnMut(Happening)) {
        let mut held: Vec<(usize, &str)> = (seen.iter())
            .filter(|(_, status)| status.state == TaskState::Waiting)
            .map(|((array, _), status)| (*array, status.reason.as_str()))
            .filter(|(_, reason)| !PASSING.contains(reason))
            .collect();
        held.sort_unstable();
        held.dedup();
        for (array, reason) in held {
            if self.told_held.insert((array, reason.to_owned())) {
                tell(Happening::Held {
                    title: self.assignments.arrays[array].title.clone(),
                    reason: reason.to_owned(),
                });
            }
        }
    }
}
