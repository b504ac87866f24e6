//! Which units may start: their inputs are done and there are cores left, or places at the device.

use crate::plan::Plan;

/// What is computed as one: a group of item-wise steps, or one whole-set step.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its steps in order.
    pub steps: Vec<usize>,
    /// Index of the group, for item-wise steps.
    pub group: Option<usize>,
    /// Units that must be done before.
    pub after: Vec<usize>,
}

/// The units of a plan, in the order of their first steps.
pub fn units(plan: &Plan, groups: &[Vec<usize>]) -> Vec<Unit> {
    let mut units: Vec<Unit> = groups
        .iter()
        .enumerate()
        .map(|(group, steps)| Unit {
            steps: steps.clone(),
            group: Some(group),
            after: Vec::new(),
        })
        .collect();
    for (index, step) in plan.steps.iter().enumerate() {
        if !step.is_item_wise() {
            units.push(Unit {
                steps: vec![index],
                group: None,
                after: Vec::new(),
            });
        }
    }
    units.sort_by_key(|unit| unit.steps[0]);
    for index in 0..units.len() {
        let mut after: Vec<usize> = units[index]
            .steps
            .iter()
            .flat_map(|&step| plan.steps[step].input_steps())
            .filter_map(|input| units.iter().position(|unit| unit.steps.contains(&input)))
            .filter(|&unit| unit != index)
            .collect();
        after.sort_unstable();
        after.dedup();
        units[index].after = after;
    }
    units
}

/// Where a unit stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum UnitState {
    /// Not started.
    Waiting,
    /// At work.
    Running,
    /// Has a result, good or bad.
    Done,
}

/// Units that wait for nothing any more.
pub fn ready_units(units: &[Unit], state: &[UnitState]) -> Vec<usize> {
    let done = |index: &usize| state[*index] == UnitState::Done;
    (0..units.len())
        .filter(|&i| state[i] == UnitState::Waiting && units[i].after.iter().all(done))
        .collect()
}

/// Leaves one group of item-wise steps to start, and none while one runs: a group spreads over all cores by itself, and
/// two at once would both compute the utterances that they share.
pub fn one_group(ready: &mut Vec<usize>, units: &[Unit], state: &[UnitState]) {
    let running = units
        .iter()
        .zip(state)
        .any(|(unit, state)| unit.group.is_some() && *state == UnitState::Running);
    let mut first = !running;
    ready.retain(|&index| units[index].group.is_none() || std::mem::take(&mut first));
}

/// Units that wait for the device at once at most: each has a thread and memory of its own.
const MOST_AT_DEVICE: usize = 64;

/// What units at work share: cores, and for those that only wait for a CUDA device places at it.
pub struct Slots {
    cores: usize,
    at_device: usize,
}

impl Slots {
    /// So many cores, and nobody at the device.
    pub fn new(cores: usize) -> Self {
        Self {
            cores,
            at_device: 0,
        }
    }

    /// Whether one more unit may start.
    pub fn has_room(&self, waits_for_device: bool) -> bool {
        match waits_for_device {
            true => self.at_device < MOST_AT_DEVICE,
            false => self.cores > 0,
        }
    }

    /// Starts a unit that waits for the device; it costs no core.
    pub fn enter(&mut self) {
        self.at_device += 1;
    }

    /// Starts a unit that can use `wanted` cores, when `ready` units share them; gives how many it gets.
    pub fn take(&mut self, ready: usize, wanted: usize) -> usize {
        let cores = share(self.cores, ready, wanted);
        self.cores -= cores;
        cores
    }

    /// Ends a unit: gives back its cores, or without any its place at the device.
    pub fn give_back(&mut self, cores: usize) {
        match cores {
            0 => self.at_device -= 1,
            cores => self.cores += cores,
        }
    }
}

/// How many of `free` cores a unit gets that can use `wanted` of them, when `ready` units share them.
fn share(free: usize, ready: usize, wanted: usize) -> usize {
    (free / ready.max(1)).clamp(1, wanted.max(1))
}

/// Whether a unit that needs `needed` bytes may start while `taken` are planned: always, where nothing else needs any.
pub fn fits(needed: u64, taken: u64, budget: u64) -> bool {
    needed == 0 || taken == 0 || taken.saturating_add(needed) <= budget
}

/// How many of the ready units, whose needs are given in order, would run side by side beside `taken` bytes.
pub fn beside(needs: &[u64], mut taken: u64, budget: u64) -> usize {
    let mut count = 0;
    for &needed in needs {
        if fits(needed, taken, budget) {
            taken = taken.saturating_add(needed);
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{MOST_AT_DEVICE, Slots, beside, fits, share};

    #[test]
    fn a_unit_starts_beside_others_only_while_the_sum_fits() {
        assert!(fits(6, 4, 10));
        assert!(!fits(7, 4, 10));
        assert!(!fits(u64::MAX, 4, 10));
        // One always runs, and what needs nothing never waits.
        assert!(fits(11, 0, 10));
        assert!(fits(0, 11, 10));
    }

    #[test]
    fn cores_go_to_the_units_that_fit() {
        assert_eq!(beside(&[4, 4, 4], 0, 10), 2);
        assert_eq!(beside(&[4, 4, 4], 0, 100), 3);
        assert_eq!(beside(&[20, 4, 0], 0, 10), 2);
        assert_eq!(beside(&[4, 3], 7, 10), 1);
        assert_eq!(beside(&[], 0, 10), 0);
        // Where one fits at a time it gets all cores.
        assert_eq!(share(8, beside(&[6, 6], 0, 10), 8), 8);
        assert_eq!(share(8, beside(&[6, 6], 0, 12), 8), 4);
    }

    #[test]
    fn who_waits_for_the_device_takes_no_core() {
        let mut slots = Slots::new(2);
        assert_eq!(slots.take(1, 8), 2);
        assert!(!slots.has_room(false));
        for _ in 0..MOST_AT_DEVICE {
            assert!(slots.has_room(true));
            slots.enter();
        }
        assert!(!slots.has_room(true));
        slots.give_back(0);
        assert!(slots.has_room(true) && !slots.has_room(false));
        slots.give_back(2);
        assert_eq!(slots.take(2, 8), 1);
    }

    #[test]
    fn cores_are_shared_before_one_unit_gets_several() {
        assert_eq!(share(8, 1, 4), 4);
        assert_eq!(share(8, 4, 4), 2);
        assert_eq!(share(2, 5, 4), 1);
        assert_eq!(share(8, 1, 1), 1);
    }
}
