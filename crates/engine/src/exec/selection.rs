//! Which steps of a plan a run may bring up to date, and which of their items.

use std::collections::BTreeSet;

use crate::plan::Plan;

/// The steps that a run is about. A run without one is about all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Steps that are looked at; the others are not even looked up. Inputs of one are always among them.
    wanted: BTreeSet<usize>,
    /// Those that may run. Of the others, results in the cache are used.
    may_run: BTreeSet<usize>,
}

impl Selection {
    /// These steps and everything that they are made from.
    pub fn up_to(plan: &Plan, steps: impl IntoIterator<Item = usize>) -> Self {
        let wanted = all_before(plan, steps);
        Self {
            may_run: wanted.clone(),
            wanted,
        }
    }

    /// These steps alone, of results that are in the cache: one whose inputs are not there does not run.
    pub fn alone(plan: &Plan, steps: impl IntoIterator<Item = usize>) -> Self {
        let may_run: BTreeSet<usize> = steps.into_iter().collect();
        Self {
            wanted: all_before(plan, may_run.iter().copied()),
            may_run,
        }
    }

    /// Everything is looked up, and nothing runs.
    pub fn only_looked_up(plan: &Plan) -> Self {
        Self {
            wanted: (0..plan.steps.len()).collect(),
            may_run: BTreeSet::new(),
        }
    }

    /// True for a step that is looked at.
    pub fn wants(&self, step: usize) -> bool {
        self.wanted.contains(&step)
    }

    /// True for a step that may run. Item-wise steps that are computed together run if one of them may.
    pub fn may_run(&self, step: usize) -> bool {
        self.may_run.contains(&step)
    }
}

/// Steps and everything that they are made from.
fn all_before(plan: &Plan, steps: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    let mut open: Vec<usize> = steps.into_iter().collect();
    while let Some(step) = open.pop() {
        if all.insert(step) {
            open.extend(plan.steps[step].input_steps());
        }
    }
    all
}

/// One of several shares of the items that sources list: what is made of them is kept, and no set is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemShare {
    /// Which, from 0.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

impl ItemShare {
    /// The share of `items`: neighbours stay together.
    pub fn of<T>(self, items: &[T]) -> &[T] {
        let Self { number, of } = self;
        let end = |number: usize| items.len() * number / of.max(1);
        let end_of_this = end((number + 1).min(of.max(1)));
        &items[end(number).min(end_of_this)..end_of_this]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_hold_every_item_once() {
        for count in [0, 1, 7, 100] {
            let items: Vec<usize> = (0..count).collect();
            for of in [1, 2, 3, 7, 130] {
                let shares = (0..of).map(|number| ItemShare { number, of }.of(&items));
                assert_eq!(
                    shares.collect::<Vec<_>>().concat(),
                    items,
                    "{count} in {of}"
                );
            }
        }
        assert!(ItemShare { number: 9, of: 3 }.of(&[1, 2, 3]).is_empty());
    }
}
