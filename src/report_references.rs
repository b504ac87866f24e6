//! Whether the variants that reports compare with, and the axes of their folds, are among those that they report.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Diagnostics};
use pipe_engine::plan::Plan;
use pipe_engine::stage::{InputLabel, stands_under};

use crate::stage::{REPORT_KIND, odd_folds, odd_reference};

/// Checks every report of a plan.
///
/// # Errors
/// Each `reference` that is not one value of the matrix and each `folds` that is no axis of it, at its place.
pub fn check(plan: &Plan) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    // A stage with variants is written once.
    let mut seen = BTreeSet::new();
    let is_report = |step: &&pipe_engine::plan::Step| step.declaration.kind.name == REPORT_KIND;
    for step in plan.steps.iter().filter(is_report) {
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
        // What is a fold decides what can be a reference.
        let found = folds.or(reference);
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
