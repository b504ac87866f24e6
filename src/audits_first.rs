//! Audits of a plan take what ingest stages list, and trainings on the same data wait for them.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Diagnostics};
use pipe_engine::plan::Plan;

use crate::stage::{AUDIT, FailOn, INGEST, TRAIN};

/// Checks the inputs of every audit, and lets trainings wait for those that fail where an error is found: after a step has
/// failed nothing more is started, unless the user asks for it.
///
/// # Errors
/// Each input of an audit that is no ingest stage, at its place.
pub fn connect(plan: &mut Plan) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let is_kind = |step: usize, kind: &str| plan.steps[step].declaration.kind.name == kind;
    let mut audits: Vec<(usize, BTreeSet<usize>)> = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        if !is_kind(index, AUDIT) {
            continue;
        }
        for (parameter, input) in &step.inputs {
            if is_kind(*input, INGEST) {
                continue;
            }
            let declaration = &plan.steps[*input].declaration;
            diagnostics.push(
                Diagnostic::new(
                    "manifest::audit_input",
                    format!("`{}` is no ingest stage", declaration.stage),
                )
                .at(
                    step.declaration.place_of(parameter),
                    format!("its kind is \"{}\"", declaration.kind.name),
                )
                .help(
                    "an audit looks at recordings as an ingest stage lists them: name that stage",
                ),
            );
        }
        if FailOn::of(&step.declaration.parameters) == FailOn::Error {
            audits.push((index, step.input_steps().collect()));
        }
    }
    let mut waits: Vec<(usize, usize)> = Vec::new();
    if !audits.is_empty() {
        let trainings = (0..plan.steps.len()).filter(|&step| is_kind(step, TRAIN));
        for training in trainings {
            let before = plan.before(training);
            let own = audits
                .iter()
                .filter(|(_, audited)| !audited.is_disjoint(&before));
            waits.extend(own.map(|(audit, _)| (training, *audit)));
        }
    }
    for (training, audit) in waits {
        plan.steps[training].after.push(audit);
    }
    diagnostics.or_ok(())
}
