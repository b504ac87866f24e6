//! Evaluations of a plan learn what the training of their model predicts, so that what cannot be tested is foreseen.

use pipe_engine::manifest::Diagnostics;
use pipe_engine::plan::Plan;
use pipe_engine::stage::stands_under;

use crate::stage::{EVALUATE, Setting, TRAIN, evaluate_of_model};

/// Tells every evaluation the parameters of the training before it.
///
/// # Errors
/// Those of building the stage again, which it was built without.
pub fn connect(plan: &mut Plan, setting: &Setting) -> Result<(), Diagnostics> {
    for index in 0..plan.steps.len() {
        let step = &plan.steps[index];
        if step.declaration.kind.name != EVALUATE {
            continue;
        }
        let mut models = step.inputs.iter();
        let model = models.find(|(parameter, _)| stands_under(parameter, "model"));
        let training = model.map(|(_, model)| &plan.steps[*model].declaration);
        let Some(training) = training.filter(|training| training.kind.name == TRAIN) else {
            continue;
        };
        let stage = evaluate_of_model(&step.declaration, setting, &training.parameters)?;
        plan.steps[index].stage = stage;
    }
    Ok(())
}
