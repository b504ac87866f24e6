//! Which units may start: each waits for a count of units before it, and enters the ready queue when the count is zero.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::plan::{Plan, Step};

use super::group::Group;

/// What is computed as one: a group of item-wise steps, or one step over whole sets.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its steps in order.
    pub steps: Vec<usize>,
    /// Index of the group, for item-wise steps.
    pub group: Option<usize>,
    /// Units that take its results.
    dependents: Vec<usize>,
    /// Units before it that are not done.
    pending: usize,
    /// The longest way from a unit without inputs.
    depth: usize,
}

/// The units of a plan and how far they are. Every unit is unblocked, enqueued and completed once at most, so a run
/// costs time in proportion to the edges of its plan.
#[derive(Debug)]
pub struct Scheduler {
    units: Vec<Unit>,
    /// Deepest first: what finishes a variant comes before the next variant starts, so that scores arrive while a study
    /// runs. At equal depth the order of the plan decides.
    ready: BTreeSet<(Reverse<usize>, usize)>,
}

impl Scheduler {
    /// The units of `plan`, whose item-wise steps make up `groups`.
    pub fn new(plan: &Plan, groups: &[Group<'_>]) -> Self {
        let mut units: Vec<Unit> = Vec::new();
        let unit = |steps: Vec<usize>, group| Unit {
            steps,
            group,
            dependents: Vec::new(),
            pending: 0,
            depth: 0,
        };
        units.extend(
            (groups.iter().enumerate())
                .map(|(index, group)| unit(group.members.clone(), Some(index))),
        );
        let aggregate = |step: &usize| !plan.steps[*step].is_item_wise();
        units.extend(
            (0..plan.steps.len())
                .filter(aggregate)
                .map(|step| unit(vec![step], None)),
        );
        units.sort_by_key(|unit| unit.steps[0]);
        let mut unit_of = vec![0; plan.steps.len()];
        for (index, unit) in units.iter().enumerate() {
            unit.steps.iter().for_each(|&step| unit_of[step] = index);
        }
        let before: Vec<Vec<usize>> = (units.iter().enumerate())
            .map(|(index, unit)| {
                let steps = || unit.steps.iter().map(|&step| &plan.steps[step]);
                // What is listed is known before anything starts.
                let takers = steps().filter(|step| !step.takes_listings());
                let inputs = takers.flat_map(Step::input_steps);
                let tried = steps().flat_map(|step| step.after.iter().copied());
                let mut before: Vec<usize> =
                    inputs.chain(tried).map(|step| unit_of[step]).collect();
                before.retain(|&other| other != index);
                before.sort_unstable();
                before.dedup();
                before
            })
            .collect();
        Self::connected(units, &before)
    }

    fn connected(mut units: Vec<Unit>, before: &[Vec<usize>]) -> Self {
        for (index, before) in before.iter().enumerate() {
            units[index].pending = before.len();
            before
                .iter()
                .for_each(|&other| units[other].dependents.push(index));
        }
        let mut counts: Vec<usize> = units.iter().map(|unit| unit.pending).collect();
        let mut open: Vec<usize> = (0..units.len()).filter(|&unit| counts[unit] == 0).collect();
        while let Some(unit) = open.pop() {
            let depth = units[unit].depth + 1;
            for dependent in units[unit].dependents.clone() {
                units[dependent].depth = units[dependent].depth.max(depth);
                counts[dependent] -= 1;
                if counts[dependent] == 0 {
                    open.push(dependent);
                }
            }
        }
        Self {
            units,
            ready: BTreeSet::new(),
        }
    }

    /// The unit at `index`.
    pub fn unit(&self, index: usize) -> &Unit {
        &self.units[index]
    }

    /// Units that wait for nothing from the start.
    pub fn unblocked(&self) -> Vec<usize> {
        (0..self.units.len())
            .filter(|&unit| self.units[unit].pending == 0)
            .collect()
    }

    /// Marks a unit as done, well or badly, and gives the units that wait for nothing any more.
    pub fn complete(&mut self, unit: usize) -> Vec<usize> {
        let dependents = std::mem::take(&mut self.units[unit].dependents);
        dependents
            .into_iter()
            .filter(|&dependent| {
                let pending = &mut self.units[dependent].pending;
                *pending -= 1;
                *pending == 0
            })
            .collect()
    }

    /// Puts a unit that has to run into the ready queue.
    pub fn enqueue(&mut self, unit: usize) {
        self.ready.insert((Reverse(self.units[unit].depth), unit));
    }

    /// Takes a unit that starts out of the ready queue.
    pub fn start(&mut self, unit: usize) {
        self.ready.remove(&(Reverse(self.units[unit].depth), unit));
    }

    /// Units that may start, in the order in which they should.
    pub fn ready(&self) -> impl Iterator<Item = usize> {
        self.ready.iter().map(|(_, unit)| *unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheduler(before: &[&[usize]]) -> Scheduler {
        let unit = |step| Unit {
            steps: vec![step],
            group: None,
            dependents: Vec::new(),
            pending: 0,
            depth: 0,
        };
        let before: Vec<Vec<usize>> = before.iter().map(|before| before.to_vec()).collect();
        Scheduler::connected((0..before.len()).map(unit).collect(), &before)
    }

    /// Runs everything on one core and gives the order.
    fn order(mut scheduler: Scheduler) -> Vec<usize> {
        let mut order = Vec::new();
        for unit in scheduler.unblocked() {
            scheduler.enqueue(unit);
        }
        loop {
            let Some(unit) = scheduler.ready().next() else {
                return order;
            };
            scheduler.start(unit);
            order.push(unit);
            for unblocked in scheduler.complete(unit) {
                scheduler.enqueue(unblocked);
            }
        }
    }

    #[test]
    fn a_unit_starts_after_all_that_it_takes_and_once() {
        let diamond = scheduler(&[&[], &[0], &[0], &[1, 2], &[3, 0]]);
        assert_eq!(diamond.unblocked(), [0]);
        assert_eq!(order(diamond), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_finishes_a_variant_comes_before_the_next_one_starts() {
        // Features; three trainings; the test of each; a report.
        let study = scheduler(&[&[], &[0], &[0], &[0], &[1], &[2], &[3], &[4, 5, 6]]);
        assert_eq!(order(study), [0, 1, 4, 2, 5, 3, 6, 7]);
    }

    #[test]
    fn every_edge_is_followed_once() {
        const STEPS: usize = 100_000;
        let last: Vec<usize> = (0..STEPS).collect();
        let mut before: Vec<&[usize]> = vec![&[]; STEPS];
        before.push(&last);
        let order = order(scheduler(&before));
        assert_eq!(order.len(), STEPS + 1);
        assert_eq!(order.last(), Some(&STEPS));
    }
}
