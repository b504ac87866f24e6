//! Audits of a plan take what ingest stages list, compare what evaluations bring together, and trainings on the same data
//! wait for them.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Diagnostics};
use pipe_engine::plan::Plan;

use crate::comparisons::comparisons;
use crate::stage::{AUDIT, FailOn, INGEST, Setting, TRAIN, audit_with};

/// Checks the inputs of every audit, tells it what evaluations bring together of them, and lets trainings wait for those
/// that fail where an error is found: after a step has failed nothing more is started, unless the user asks for it.
///
/// # Errors
/// Each input of an audit that is not an ingest stage, at its place.
pub fn connect(plan: &mut Plan, setting: &Setting) -> Result<(), Diagnostics> {
    let audits = of_kind(plan, AUDIT);
    if audits.is_empty() {
        return Ok(());
    }
    let mut diagnostics = Diagnostics::default();
    for &audit in &audits {
        check_inputs(plan, audit, &mut diagnostics);
    }
    diagnostics.or_ok(())?;
    let all = comparisons(plan);
    for &audit in &audits {
        let inputs = plan.steps[audit].input_steps();
        let inputs: BTreeSet<&str> = inputs.map(|input| plan.steps[input].id()).collect();
        let own = all.iter().filter(|comparison| comparison.is_among(&inputs));
        let own: Vec<_> = own.cloned().collect();
        if !own.is_empty() {
            plan.steps[audit].stage = audit_with(&plan.steps[audit].declaration, setting, own)?;
        }
    }
    for training in of_kind(plan, TRAIN) {
        let before = plan.before(training);
        let is_own = |audit: &usize| {
            let step = &plan.steps[*audit];
            let fails = FailOn::of(&step.declaration.parameters).fails();
            fails && step.input_steps().any(|input| before.contains(&input))
        };
        let own: Vec<usize> = audits.iter().copied().filter(is_own).collect();
        plan.steps[training].after.extend(own);
    }
    Ok(())
}

/// The steps of a kind.
fn of_kind(plan: &Plan, kind: &str) -> Vec<usize> {
    let steps = plan.steps.iter().enumerate();
    let own = steps.filter(|(_, step)| step.declaration.kind.name == kind);
    own.map(|(index, _)| index).collect()
}

fn check_inputs(plan: &Plan, audit: usize, diagnostics: &mut Diagnostics) {
    let step = &plan.steps[audit];
    for (parameter, input) in &step.inputs {
        let input = &plan.steps[*input].declaration;
        if input.kind.name == INGEST {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                "manifest::audit_input",
                format!("`{}` is not an ingest stage", input.stage),
            )
            .at(
                step.declaration.place_of(parameter),
                format!("its kind is \"{}\"", input.kind.name),
            )
            .help("an audit looks at recordings as an ingest stage lists them: name that stage"),
        );
    }
}
