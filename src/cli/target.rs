//! `--target`: the steps that a run is about.

use clap::Args;
use pipe_engine::exec::Selection;
use pipe_engine::manifest::suggest;
use pipe_engine::plan::Plan;

use super::error::CliError;

/// The steps that a run, or a plan of one, is about.
#[derive(Args)]
pub struct TargetArguments {
    /// Bring only this step up to date, with what it is made from: a step such as 'train[seed=1]', or a stage for all of its
    /// variants. Steps over items that are computed in one pass come together. May
    /// be given several times.
    #[arg(long = "target", value_name = "STEP")]
    pub targets: Vec<String>,
}

impl TargetArguments {
    /// The steps of `plan` that are meant; none where it is about all.
    pub fn selection(&self, plan: &Plan) -> Result<Option<Selection>, CliError> {
        let mut steps = Vec::new();
        for target in &self.targets {
            let all = plan.steps.iter().enumerate();
            let is_meant = |step: &str, stage: &str| step == target || stage == target;
            let meant = all.filter(|(_, step)| is_meant(step.id(), &step.declaration.stage));
            let before = steps.len();
            steps.extend(meant.map(|(index, _)| index));
            if steps.len() == before {
                return Err(unknown(plan, target));
            }
        }
        Ok((!steps.is_empty()).then(|| Selection::up_to(plan, steps)))
    }
}

/// That there is no such step. Stages are nearer to what people write than the names of all their variants.
fn unknown(plan: &Plan, target: &str) -> CliError {
    let stages = plan.steps.iter().map(|step| &*step.declaration.stage);
    let is_variant = target.contains('[');
    let help = match is_variant {
        true => suggest(target, plan.steps.iter().map(|step| step.id())),
        false => suggest(target, stages),
    };
    CliError::Usage {
        message: format!("the manifest has no step or stage `{target}`"),
        help,
    }
}
