//! Whether features were made like those a model was trained on.

use miette::Diagnostic;
use pipe_engine::artifact::{FingerprintInputs, input_names};
use pipe_engine::stage::{InputOrigin, stands_under};
use serde_json::Value as Json;
use thiserror::Error;

use super::command::COMMAND;
use super::functionals::FUNCTIONALS;
use super::trim::TRIM;
use super::vad::VAD;

/// They were not.
#[derive(Debug, Error, Diagnostic)]
#[error("the features were not computed like those of training: {found} instead of {wanted}")]
#[diagnostic(
    code(data::front_end),
    help(
        "give resample, trim, vad, fbank, embed, import, functionals and commands that make features the same parameters and files in both chains, or use one chain for both"
    )
)]
pub struct FrontEndError {
    found: String,
    wanted: String,
}

/// The stages of a lineage that decide on rate, silence and features.
pub fn front_end(lineage: &Json) -> Json {
    let stages = lineage.as_array().into_iter().flatten();
    stages.filter(|stage| decides(stage)).cloned().collect()
}

/// Whether a stage decides on rate, silence or features. What a command makes of audio may be augmentation.
fn decides(stage: &Json) -> bool {
    match stage["kind"].as_str() {
        Some("resample" | TRIM | VAD | "fbank" | "embed" | "import" | FUNCTIONALS) => true,
        Some(COMMAND) => stage["parameters"]["makes"] == "features",
        _ => false,
    }
}

/// Compares rate, silence and features of two chains of stages; offline augmentation may differ. Whoever compares has the
/// [`front_end`] of its inputs in its key, so that a result in the cache has passed the same comparison.
///
/// # Errors
/// Where they differ, with both.
pub fn same_front_end(found: &Json, wanted: &Json) -> Result<(), FrontEndError> {
    let (found, wanted) = (front_end(found), front_end(wanted));
    if found == wanted {
        return Ok(());
    }
    Err(FrontEndError {
        found: found.to_string(),
        wanted: wanted.to_string(),
    })
}

/// Adds `part` of how the inputs under `input` were made: the part that the stage writes or compares, since items with
/// the same bits may have been made in different ways.
pub fn add_lineages(
    inputs: &[InputOrigin],
    fingerprint: &mut FingerprintInputs,
    part: impl Fn(&Json) -> Json,
) {
    let names = input_names(inputs.iter().map(|input| input.parameter.as_str()));
    for (input, name) in inputs.iter().zip(names) {
        if stands_under(&input.parameter, "input") {
            fingerprint.add_json(&format!("lineage.{name}"), &part(&input.lineage));
        }
    }
}
