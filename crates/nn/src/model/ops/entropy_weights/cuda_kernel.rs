//! Weights by entropy of several models on the device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Memory, arguments};

/// As [`super::entropy_weights`] of each model, `[models, rows]`, of probabilities `[models, rows, classes]`.
pub fn entropy_weights(
    card: &Arc<Card>,
    probabilities: &Memory,
    (models, rows, classes): (usize, usize, usize),
) -> Result<Memory<f64>, CudaError> {
    assert_eq!(probabilities.len(), models * rows * classes, "all of them");
    let weights = Memory::new(card, models * rows)?;
    card.launch(
        "entropy_weights",
        (rows, models),
        arguments![of weights, of probabilities, int rows, int classes],
    )?;
    Ok(weights)
}
