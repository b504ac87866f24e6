//! Whether the variants that reports compare with, and the axes of their folds, are among those that they report.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Diagnostics};
use pipe_engine::plan::{Plan, Step};
use pipe_engine::stage::{InputLabel, stands_under};

use serde_json::Value as Json;

use crate::stage::{REPORT_KIND, TRAIN, odd_folds, odd_reference};

/// Checks every report of a plan.
///
/// # Errors
/// Each `reference` that is not one value of the matrix and each `folds` that is no axis of it, at its place.
pub fn check(plan: &Plan) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    // A stage with variants is written once.
    let mut seen = BTreeSet::new();
    let is_report = |(_, step): &(usize, &Step)| step.declaration.kind.name == REPORT_KIND;
    for (index, step) in plan.steps.iter().enumerate().filter(is_report) {
        let inputs = step.inputs.iter();
        let labels: Vec<InputLabel> = inputs
            .filter(|(parameter, _)| stands_under(parameter, "input"))
            .map(|&(_, input)| InputLabel::of(&plan.steps[input].declaration))
            .collect();
        let labels: Vec<&InputLabel> = labels.iter().collect();
        let parameters = &step.declaration.parameters;
        let folds = odd_folds(parameters, &labels).map(|odd| {
            let expected = "expected an axis of the matrix that the evaluations depend on";
            ("folds", expected, odd)
        });
        let reference = odd_reference(parameters, &labels).map(|odd| {
            let expected = "expected one value of an axis of the evaluations";
            ("reference", expected, odd)
        });
        let of_seeds = seeds_as_reference(plan, index).map(|odd| {
            let expected = "expected a value of another axis";
            ("reference", expected, odd)
        });
        // What is a fold decides what can be a reference.
        let found = folds.or(reference).or(of_seeds);
        let Some((parameter, expected, (message, help))) =
            found.filter(|_| seen.insert(&step.declaration.stage))
        else {
            continue;
        };
        diagnostics.push(
            Diagnostic::new("manifest::reference", message)
                .at(step.declaration.place_of(parameter), expected)
                .help(help),
        );
    }
    diagnostics.or_ok(())
}

/// What is wrong with a `reference` on the axis of the seeds of the trainings, over which results are averaged, as message
/// and help; none where it is on another axis.
fn seeds_as_reference(plan: &Plan, report: usize) -> Option<(String, String)> {
    let written = plan.steps[report].declaration.parameters.get("reference")?;
    let written = written.as_str()?;
    let before = plan.before(report).into_iter();
    let trainings = before.filter(|&step| plan.steps[step].declaration.kind.name == TRAIN);
    let trainings: Vec<&Step> = trainings.map(|step| &plan.steps[step]).collect();
    let is_named = |(axis, value): &(&String, &String)| {
        *value == written || format!("{axis}={value}") == written
    };
    let mut values = trainings.iter().flat_map(|step| &step.declaration.variant);
    let (axis, _) = values.find_map(|(axis, value)| {
        let named = (axis, value);
        is_named(&named).then_some(named)
    })?;
    let has_seed = |step: &&Step| {
        let seed = match step.declaration.parameters.get("seed") {
            Some(Json::Number(seed)) => seed.to_string(),
            _ => return false,
        };
        let mut variant = step.declaration.variant.iter();
        variant.any(|(own, value)| own == axis && *value == seed)
    };
    if !trainings.iter().all(has_seed) {
        return None;
    }
    let mut others: BTreeSet<String> = BTreeSet::new();
    for step in plan.steps[report].input_steps() {
        let declaration = &plan.steps[step].declaration;
        let axes = declaration.variant.iter();
        let named =
            axes.filter(|(other, _)| other != axis && !declaration.fold_axes.contains(other));
        others.extend(named.map(|(axis, value)| format!("{axis}={value}")));
    }
    let others: Vec<String> = others.into_iter().collect();
    let help = match others.is_empty() {
        true => "the evaluations have no other axis: remove `reference`".to_owned(),
        false => format!("name one of {}, or remove `reference`", others.join(", ")),
    };
    let message = format!(
        "`reference = \"{written}\"` names a seed, and results are averaged over the values of `{axis}`"
    );
    Some((message, help))
}
