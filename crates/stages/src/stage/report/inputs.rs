//! What a report reads of its inputs, and what it says where some could not be made.

use pipe_engine::stage::{AggregateContext, InputLabel, StepInput};
use pipe_foundation::regular_file;
use serde::de::DeserializeOwned;

use super::error::ReportError;
use super::rows::row_names;

/// A note on what the report lacks.
pub fn without(missing: &[InputLabel]) -> Option<String> {
    let names: Vec<String> = missing.iter().map(InputLabel::step_id).collect();
    let steps = if names.len() == 1 { "step" } else { "steps" };
    (!names.is_empty()).then(|| {
        format!(
            "{} {steps} could not be made and {} missing here: {}.",
            names.len(),
            if names.len() == 1 { "is" } else { "are" },
            names.join(", ")
        )
    })
}

/// Reads one file of every input under `parameter` and gives each the name of its row.
///
/// # Errors
/// A file that is not there, or not what the stage before writes.
pub fn read_all<T: DeserializeOwned>(
    context: &AggregateContext<'_>,
    parameter: &str,
    file: &'static str,
    rename: impl Fn(&mut T, String),
) -> miette::Result<Vec<T>> {
    let inputs: Vec<&StepInput> = context.inputs_of(parameter).collect();
    let labels: Vec<&InputLabel> = inputs.iter().map(|input| &input.label).collect();
    let mut all = Vec::with_capacity(inputs.len());
    for (input, name) in inputs.iter().zip(row_names(&labels)) {
        let step = || input.step.clone();
        let path = input
            .file(file)
            .ok_or_else(|| ReportError::Input { step: step(), file })?;
        let unreadable = |reason: String| ReportError::Unreadable {
            step: step(),
            reason,
        };
        let text =
            regular_file::read_whole_text(path).map_err(|error| unreadable(error.to_string()))?;
        let mut one: T =
            serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        rename(&mut one, name);
        all.push(one);
    }
    Ok(all)
}
