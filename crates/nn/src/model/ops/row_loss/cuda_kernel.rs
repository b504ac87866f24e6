//! Losses of several models on the tape of the device: the sum over rows, and the beginning of the walk back.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value, arguments};

/// The loss of each model, `[models, 1, 1]`: the sum of its `losses` `[models, rows]`, whose derivatives by `x` are
/// `slopes`, of the size of `x`.
pub fn row_loss(
    tape: &mut Tape,
    x: &Value,
    losses: &Memory<f64>,
    slopes: Memory,
) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (models, length) = (x.models, x.length());
    assert_eq!(slopes.len(), x.all(), "a slope for every value");
    let rows = losses.len() / models.max(1);
    let loss = Memory::new(&card, models)?;
    card.launch(
        "row_loss_total",
        (models, 1),
        arguments![of loss, of losses, int models, int rows],
    )?;
    let output = Value::new(tape, loss, (models, 1, 1))?;
    let (x, to) = (x.clone(), output.clone());
    tape.record(move |grads| {
        let of_loss = to.handle.gradient(grads)?;
        let of_x = x.handle.gradient(grads)?;
        card.launch(
            "row_loss_back",
            (length, models),
            arguments![at of_x, at of_loss, of slopes, int length],
        )
    });
    Ok(output)
}

/// Makes each loss `[models]` count with its weight in what is descended: the walk begins here.
pub fn weigh(tape: &mut Tape, loss: &Value, weights: &[f32]) -> Result<(), CudaError> {
    let card = Arc::clone(tape.card());
    let weights = Memory::of(&card, weights)?;
    let loss = loss.clone();
    tape.record(move |grads| {
        let of_loss = loss.handle.gradient(grads)?;
        card.launch(
            "add_weights",
            (weights.len(), 1),
            arguments![at of_loss, of weights, int weights.len()],
        )
    });
    Ok(())
}
