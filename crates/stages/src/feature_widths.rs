//! Whether the layers of trainings fit the features that they get, where the manifest says how wide these are.

use std::collections::BTreeSet;

use pipe_engine::manifest::Diagnostics;
use pipe_engine::plan::{Plan, Step};
use serde_json::Value as Json;

use crate::stage::{TRAIN, encoder_misfit};

/// Checks every training of a plan.
///
/// # Errors
/// Each layer that cannot take a filterbank of that many bins, or functionals of one.
pub fn check(plan: &Plan) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    // A stage of a study is written once and is many steps.
    let mut seen = BTreeSet::new();
    for step in &plan.steps {
        if step.declaration.kind.name != TRAIN {
            continue;
        }
        let bins = step
            .input_steps()
            .next()
            .and_then(|input| width(plan, input));
        if let Some(misfit) = bins.and_then(|bins| encoder_misfit(&step.declaration, bins))
            && seen.insert(misfit.to_string())
        {
            diagnostics.push(misfit);
        }
    }
    diagnostics.or_ok(())
}

/// Values of a frame that a step makes; none where only the data say it.
fn width(plan: &Plan, step: usize) -> Option<usize> {
    let step: &Step = &plan.steps[step];
    let parameters = &step.declaration.parameters;
    match step.declaration.kind.name {
        "fbank" => usize::try_from(parameters.get("bins")?.as_u64()?).ok(),
        "functionals" => {
            let count = |name: &str| {
                parameters
                    .get(name)
                    .and_then(Json::as_array)
                    .map_or(0, Vec::len)
            };
            let of_each = count("statistics") + count("percentiles");
            Some(of_each * width(plan, step.input_steps().next()?)?)
        }
        _ => None,
    }
}
