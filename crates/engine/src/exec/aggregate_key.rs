//! What an aggregate step depends on.

use pipe_foundation::Digest;

use crate::artifact::FingerprintInputs;
use crate::cache::Cache;
use crate::plan::{Plan, lineage};
use crate::stage::{InputLabel, InputOrigin, Stage};

use super::declared_files::{DeclaredFileError, KeyedFiles};

/// What the step depends on, given the digests of its inputs in order; those that have none are left out.
///
/// # Errors
/// When a file that the stage declares cannot be read.
pub fn aggregate_fingerprint(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    inputs: &[Option<Digest>],
) -> Result<FingerprintInputs, DeclaredFileError> {
    let declared = &plan.steps[step];
    let Stage::Aggregate(stage) = &declared.stage else {
        return Ok(FingerprintInputs::default());
    };
    let mut fingerprint = declared.fingerprint(&stage.key_parameters(&declared.keyed_parameters()));
    let origins = origins(plan, cache, step, inputs);
    stage.external_inputs(&origins, &mut fingerprint);
    KeyedFiles::read(stage.files(), stage.folders(), &cache.files)?.add_to(&mut fingerprint);
    declared.add_inputs(&mut fingerprint, inputs);
    Ok(match stage.uses_device() {
        true => fingerprint.on_device(plan.device.key_name),
        false => fingerprint,
    })
}

fn origins(
    plan: &Plan,
    cache: &Cache,
    step: usize,
    digests: &[Option<Digest>],
) -> Vec<InputOrigin> {
    let inputs = plan.steps[step].inputs.iter().zip(digests);
    inputs
        .map(|((parameter, input), digest)| InputOrigin {
            parameter: parameter.clone(),
            label: label(plan, *input),
            lineage: lineage(plan, *input, &cache.files),
            missing: digest.is_none(),
        })
        .collect()
}

/// What tells the input `step` apart from others.
pub fn label(plan: &Plan, step: usize) -> InputLabel {
    InputLabel::of(&plan.steps[step].declaration)
}
