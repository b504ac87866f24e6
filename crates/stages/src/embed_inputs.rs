//! Whether the models of `embed` stages can take what the stages before them give.

use std::collections::BTreeSet;

use pipe_engine::manifest::Diagnostics;
use pipe_engine::plan::Plan;

use crate::stage::{EMBED, check_embed_input};

/// Checks every `embed` of a plan.
///
/// # Errors
/// Each that is given a waveform where its model takes features, or the reverse, at the name of its input.
pub fn check(plan: &Plan) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    // A stage of a study is written once and is many steps, and models are large.
    let mut seen = BTreeSet::new();
    for step in &plan.steps {
        if step.declaration.kind.name != EMBED {
            continue;
        }
        for (parameter, input) in &step.inputs {
            let before = &plan.steps[*input].declaration;
            let given = (before.kind.output)(&before.parameters);
            let own = (
                &step.declaration.stage,
                &step.declaration.parameters["model"],
            );
            if !seen.insert(format!("{own:?} {parameter} {}", before.stage)) {
                continue;
            }
            if let Err(found) = check_embed_input(&step.declaration, parameter, given) {
                diagnostics.extend(found);
            }
        }
    }
    diagnostics.or_ok(())
}
