//! Whether features were made like those a model was trained on.

use miette::Diagnostic;
use serde_json::Value as Json;
use thiserror::Error;

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
    let front_end = |lineage: &Json| -> Vec<Json> {
        let stages = lineage.as_array().into_iter().flatten();
        stages
            .filter(|stage| stage["kind"] == "resample" || stage["kind"] == "fbank")
            .cloned()
            .collect()
    };
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
