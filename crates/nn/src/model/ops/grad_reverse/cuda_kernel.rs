//! Gradient reversal of several models on the tape of the device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value, arguments};

/// The identity; backward, each model's gradient times `-lambda[model]`.
pub fn grad_reverse(tape: &mut Tape, x: &Value, lambda: Memory) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (length, models) = (x.length(), x.models);
    let output = Value {
        // A name of its own, so that the two gradients never mix.
        handle: Arc::new(crate::model::cuda::Handle::new(&card, x.all())?),
        ..x.clone()
    };
    let (x, to) = (x.clone(), output.clone());
    tape.record(move |grads| {
        let of_output = to.handle.gradient(grads)?;
        let of_x = x.handle.gradient(grads)?;
        card.launch(
            "grad_reverse_back",
            (length, models),
            arguments![at of_x, at of_output, of lambda, int length],
        )
    });
    Ok(output)
}
