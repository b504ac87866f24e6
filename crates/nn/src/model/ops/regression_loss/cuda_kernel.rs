//! The frame of losses of one number for each row on the tape of the device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Memory, Tape, Value, arguments};
use crate::model::ops::row_loss::cuda_kernel::row_loss;

/// The numbers of a batch on the device, those of each model.
pub struct Numbers {
    /// `[models, rows]`; not a number where it is not known.
    pub targets: Memory,
    /// For each model one over how many are known; 0 where none is.
    pub scales: Memory<f64>,
}

impl Numbers {
    /// For each model its numbers.
    pub fn new(card: &Arc<Card>, models: &[&[Option<f32>]]) -> Result<Self, CudaError> {
        let scale = |targets: &&[Option<f32>]| match targets.iter().flatten().count() {
            0 => 0.0,
            known => 1.0 / known as f64,
        };
        let scales: Vec<f64> = models.iter().map(scale).collect();
        let targets = models.iter().flat_map(|targets| targets.iter());
        let targets: Vec<f32> = targets.map(|target| target.unwrap_or(f32::NAN)).collect();
        Ok(Self {
            targets: Memory::of(card, &targets)?,
            scales: Memory::of(card, &scales)?,
        })
    }
}

/// The loss of each model, `[models, 1, 1]`, of predictions `[models, rows, 1]`; `kernel` gives what each row loses, and its
/// derivative.
pub fn regression_loss(
    tape: &mut Tape,
    predictions: &Value,
    targets: &[&[Option<f32>]],
    kernel: &'static str,
) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (models, rows) = (predictions.models, predictions.length());
    let numbers = Numbers::new(&card, targets)?;
    assert_eq!(
        numbers.targets.len(),
        models * rows,
        "a number for every row"
    );
    let losses = Memory::<f64>::new(&card, models * rows)?;
    let slopes = Memory::<f32>::new(&card, models * rows)?;
    card.launch(
        kernel,
        (rows, models),
        arguments![
            of losses, of slopes, of predictions.values, of numbers.targets, of numbers.scales, int rows,
        ],
    )?;
    row_loss(tape, predictions, &losses, slopes)
}
