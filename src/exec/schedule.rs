//! Which units may start: their inputs are done and there are cores left.

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

/// How many of `free` cores a unit gets that can use `wanted` of them, when `ready` units share them.
pub fn share(free: usize, ready: usize, wanted: usize) -> usize {
    (free / ready.max(1)).clamp(1, wanted.max(1))
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn cores_are_shared_before_one_unit_gets_several() {
        assert_eq!(share(8, 1, 4), 4);
        assert_eq!(share(8, 4, 4), 2);
        assert_eq!(share(2, 5, 4), 1);
        assert_eq!(share(8, 1, 1), 1);
    }
}
