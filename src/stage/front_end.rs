//! Whether features were made like those a model was trained on.

use miette::Diagnostic;
use serde_json::Value as Json;
use thiserror::Error;

use crate::artifact::{KeyMaterial, input_names};

use super::{InputOrigin, stands_under};

/// They were not.
#[derive(Debug, Error, Diagnostic)]
#[error("the features were not made like those of training: {found} instead of {wanted}")]
#[diagnostic(
    code(data::front_end),
    help("give resample and fbank the same parameters in both chains, or use one chain for both")
)]
pub struct FrontEndError {
    found: String,
    wanted: String,
}

/// Compares rate and features of two chains of stages; what was ingested may differ, and offline augmentation too.
///
/// # Errors
/// Where they differ, with both.
pub fn same_front_end(found: &Json, wanted: &Json) -> Result<(), FrontEndError> {
    let (found, wanted) = (front_end(found), front_end(wanted));
    if found == wanted {
        return Ok(());
    }
    let text = |stages: Vec<Json>| Json::Array(stages).to_string();
    Err(FrontEndError {
        found: text(found),
        wanted: text(wanted),
    })
}

/// Adds how the inputs under `input` were made, since a stage refuses those that were made otherwise than its model's.
pub fn add_front_ends(inputs: &[InputOrigin], material: &mut KeyMaterial) {
    let names = input_names(inputs.iter().map(|input| input.parameter.as_str()));
    for (input, name) in inputs.iter().zip(names) {
        if stands_under(&input.parameter, "input") {
            let stages = Json::Array(front_end(&input.lineage));
            material.add_json(&format!("front_end.{name}"), &stages);
        }
    }
}

/// The stages of a chain that decide what features are: those that change the rate, and those that make features.
fn front_end(lineage: &Json) -> Vec<Json> {
    let stages = lineage.as_array().into_iter().flatten();
    stages
        .filter(|stage| stage["kind"] == "resample" || stage["kind"] == "fbank")
        .cloned()
        .collect()
}
