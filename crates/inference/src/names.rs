//! Names of inputs and outputs in messages.

use crate::error::ModelError;
use crate::signature::{Signature, ValueSignature};

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

/// That nothing in a model has the name of an output that is asked for, with its outputs and the inner value whose name is
/// nearest.
pub fn no_output(name: &str, signature: &Signature) -> ModelError {
    let nearest = signature
        .internal
        .iter()
        .max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
    let inner = nearest.map_or_else(String::new, |nearest| {
        format!(
            ", and {} values between its nodes, such as `{nearest}`",
            signature.internal.len()
        )
    });
    ModelError::NoSuchValue {
        role: "output",
        name: name.to_owned(),
        known: format!("{}{inner}", listed(&signature.outputs)),
    }
}
