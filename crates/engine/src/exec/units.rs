//! What of a plan is computed as one, and what each of these takes of others: for whoever distributes the work.

use crate::plan::{Plan, Step};

/// A group of item-wise steps that are computed together, or one step over whole sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanUnit {
    /// Its steps in order.
    pub steps: Vec<usize>,
    /// True for item-wise steps.
    pub is_group: bool,
    /// Units that it takes results of.
    pub after: Vec<usize>,
}

/// The units of a plan, by their first steps.
pub fn units(plan: &Plan) -> Vec<PlanUnit> {
    let unit = |steps: Vec<usize>, is_group| PlanUnit {
        steps,
        is_group,
        after: Vec::new(),
    };
    let groups = plan
        .item_groups()
        .into_iter()
        .map(|steps| unit(steps, true));
    let whole = (0..plan.steps.len()).filter(|&step| !plan.steps[step].is_item_wise());
    let mut units: Vec<PlanUnit> = groups
        .chain(whole.map(|step| unit(vec![step], false)))
        .collect();
    units.sort_by_key(|unit| unit.steps[0]);
    let mut unit_of = vec![0; plan.steps.len()];
    for (index, unit) in units.iter().enumerate() {
        unit.steps.iter().for_each(|&step| unit_of[step] = index);
    }
    for (index, unit) in units.iter_mut().enumerate() {
        let steps = unit.steps.iter().map(|&step| &plan.steps[step]);
        // What is listed needs no work of others.
        let takers = steps.filter(|step| !step.takes_listings());
        let inputs = takers.flat_map(Step::input_steps);
        let mut after: Vec<usize> = inputs.map(|step| unit_of[step]).collect();
        after.retain(|&other| other != index);
        after.sort_unstable();
        after.dedup();
        unit.after = after;
    }
    units
}
