//! Names of inputs and outputs in messages.

use crate::error::ModelError;
use crate::signature::ValueSignature;

/// That there is no input or output of this name, with those that there are.
pub fn no_such(role: &'static str, name: &str, known: &[ValueSignature]) -> ModelError {
    ModelError::NoSuchValue {
        role,
        name: name.to_owned(),
        known: match known.is_empty() {
            true => "none".to_owned(),
            false => listed(known),
        },
    }
}

/// Names in a row.
pub fn listed(values: &[ValueSignature]) -> String {
    let names: Vec<String> = values
        .iter()
        .map(|value| format!("`{}`", value.name))
        .collect();
    names.join(", ")
}
