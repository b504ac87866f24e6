//! The multilinear map of several models on the tape of the device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value, arguments};

/// As [`super::multilinear_map`] of each model: for embeddings `[models, rows, width]` and probabilities `[models, rows, classes]`,
/// `[models, rows, classes * width]`.
pub fn multilinear_map(
    tape: &mut Tape,
    x: &Value,
    probabilities: Memory,
) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (models, rows, width) = (x.models, x.rows, x.columns);
    let classes = probabilities.len() / (models * rows).max(1);
    let mapped = Memory::new(&card, x.all() * classes)?;
    card.launch_rows(
        "multilinear_map",
        (width, rows, models),
        arguments![of mapped, of x.values, of probabilities, int rows, int width, int classes],
    )?;
    let output = Value::new(tape, mapped, (models, rows, classes * width))?;
    let (x, to) = (x.clone(), output.clone());
    tape.record(move |grads| {
        let of_output = to.handle.gradient(grads)?;
        let of_x = x.handle.gradient(grads)?;
        card.launch_rows(
            "multilinear_map_back",
            (width, rows, models),
            arguments![at of_x, at of_output, of probabilities, int rows, int width, int classes],
        )
    });
    Ok(output)
}
