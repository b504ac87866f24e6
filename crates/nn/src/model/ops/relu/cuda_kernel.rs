//! `max(x, 0)` as one operation on the tape of the device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value, arguments};

/// `max(x, 0)`; the gradient passes where the output is above 0.
pub fn relu(tape: &mut Tape, x: &Value) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let all = x.all();
    let out = Memory::new(&card, all)?;
    card.launch("relu", (all, 1), arguments![of out, of x.values, int all])?;
    let output = Value::new(tape, out, (x.models, x.rows, x.columns))?;
    let (x, to) = (x.clone(), output.clone());
    tape.record(move |grads| {
        let of_output = to.handle.gradient(grads)?;
        let of_x = x.handle.gradient(grads)?;
        card.launch(
            "relu_back",
            (all, 1),
            arguments![at of_x, at of_output, of to.values, int all],
        )
    });
    Ok(output)
}
