//! Whether the variants that reports compare with are among those that they report.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Diagnostics};
use pipe_engine::plan::Plan;
use pipe_engine::stage::{InputLabel, stands_under};

use crate::stage::{REPORT_KIND, odd_reference};

/// Checks every report of a plan.
///
/// # Errors
/// Each `reference` that is not one value of the matrix, at its place.
pub fn check(plan: &Plan) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    // A stage with variants is written once.
    let mut seen = BTreeSet::new();
    let is_report = |step: &&pipe_engine::plan::Step| step.declaration.kind.name == REPORT_KIND;
    for step in plan.steps.iter().filter(is_report) {
        let inputs = step.inputs.iter();
        let labels: Vec<InputLabel> = inputs
            .filter(|(parameter, _)| stands_under(parameter, "input"))
            .map(|&(_, input)| {
                let declaration = &plan.steps[input].declaration;
                InputLabel {
                    stage: declaration.stage.clone(),
                    variant: declaration.variant.clone(),
                }
            })
            .collect();
        let labels: Vec<&InputLabel> = labels.iter().collect();
        let found = odd_reference(&step.declaration.parameters, &labels);
        let Some((message, help)) = found.filter(|_| seen.insert(&step.declaration.stage)) else {
            continue;
        };
        let place = step.declaration.place_of("reference");
        diagnostics.push(
            Diagnostic::new("manifest::reference", message)
                .at(place, "expected one value of an axis of the evaluations")
                .help(help),
        );
    }
    diagnostics.or_ok(())
}
