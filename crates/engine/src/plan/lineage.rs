//! How the items of a step came to be: the kinds and parameters of the stages before it.

use serde_json::{Value as Json, json};

use crate::stage::Stage;

use super::Plan;

/// Kinds and effective parameters of the item-wise stages up to and including `step`, first to last. Sources are left
/// out: which items there are is not part of how one is made.
///
/// Where several chains meet, the first one is given; they must agree for a model to be used later.
pub fn lineage(plan: &Plan, step: usize) -> Json {
    let mut chain = Vec::new();
    let mut at = Some(step);
    while let Some(index) = at {
        let step = &plan.steps[index];
        if let Stage::Items(stage) = &step.stage {
            let parameters = stage.effective_parameters(&step.keyed_parameters());
            chain.push(json!({ "kind": step.declaration.kind.name, "parameters": parameters }));
        }
        at = step.input_steps().next();
    }
    chain.reverse();
    Json::Array(chain)
}
