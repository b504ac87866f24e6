//! One minus the concordance correlation of several models on the tape of the device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value, arguments};
use crate::model::ops::regression_loss::cuda_kernel::Numbers;
use crate::model::ops::row_loss::cuda_kernel::row_loss;

/// Moments of each model.
const MOMENTS: usize = 4;

/// As [`super::concordance`] of each model: `[models, 1, 1]`.
pub fn concordance(
    tape: &mut Tape,
    predictions: &Value,
    targets: &[&[Option<f32>]],
) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (models, rows) = (predictions.models, predictions.length());
    let numbers = Numbers::new(&card, targets)?;
    assert_eq!(
        numbers.targets.len(),
        models * rows,
        "a number for every row"
    );
    let losses = Memory::<f64>::new(&card, models)?;
    let moments = Memory::<f64>::new(&card, models * MOMENTS)?;
    card.launch(
        "concordance_moments",
        (models, 1),
        arguments![
            of losses, of moments, of predictions.values, of numbers.targets, of numbers.scales, int models, int rows,
        ],
    )?;
    let slopes = Memory::<f32>::new(&card, models * rows)?;
    card.launch(
        "concordance_slopes",
        (rows, models),
        arguments![of slopes, of moments, of predictions.values, of numbers.targets, int rows],
    )?;
    row_loss(tape, predictions, &losses, slopes)
}
