//! The frame of losses of class probabilities on the tape of the device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Memory, Tape, Value, arguments};
use crate::model::ops::row_loss::cuda_kernel::row_loss;

use super::{ClassTargets, weight_of};

/// In place of the shares of a row that is not known.
const UNKNOWN: f32 = -1.0;

/// What the rows of a batch should be, on the device.
struct Shares {
    /// `[models, rows, classes]`; negative in rows that are not known.
    shares: Memory,
    /// `[classes]`.
    weights: Memory,
    /// For each model one over what its loss is divided by; 0 where that is 0.
    scales: Memory<f64>,
}

impl Shares {
    fn new(
        card: &Arc<Card>,
        models: &[ClassTargets<'_>],
        weights: Option<&[f32]>,
        (rows, classes): (usize, usize),
    ) -> Result<Self, CudaError> {
        let scale = |targets: &ClassTargets<'_>| match targets.total(weights) {
            total if total > 0.0 => 1.0 / total,
            _ => 0.0,
        };
        let share = |(targets, row, class): (&ClassTargets<'_>, usize, usize)| {
            let share = targets.share(row, class);
            share.map_or(UNKNOWN, |share| share as f32)
        };
        let places = models.iter().flat_map(|targets| {
            (0..rows).flat_map(move |row| (0..classes).map(move |class| (targets, row, class)))
        });
        let shares: Vec<f32> = places.map(share).collect();
        let scales: Vec<f64> = models.iter().map(scale).collect();
        let weights: Vec<f32> = (0..classes)
            .map(|class| weight_of(weights, class) as f32)
            .collect();
        Ok(Self {
            shares: Memory::of(card, &shares)?,
            weights: Memory::of(card, &weights)?,
            scales: Memory::of(card, &scales)?,
        })
    }
}

/// The loss of each model, `[models, 1, 1]`, of logits `[models, rows, classes]`, of which each model has `targets` of its own.
///
/// `kernel` gives what each row loses and its derivative by each log-probability, and takes one key of the loss.
pub fn class_loss(
    tape: &mut Tape,
    logits: &Value,
    targets: &[ClassTargets<'_>],
    weights: Option<&[f32]>,
    (kernel, key): (&'static str, f64),
) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (models, rows, classes) = (logits.models, logits.rows, logits.columns);
    assert_eq!(targets.len(), models, "targets for every model");
    let shares = Shares::new(&card, targets, weights, (rows, classes))?;
    let logs = Memory::<f64>::new(&card, logits.all())?;
    card.launch(
        "class_logs",
        (rows, models),
        arguments![of logs, of logits.values, int rows, int classes],
    )?;
    let losses = Memory::<f64>::new(&card, models * rows)?;
    let by_logs = Memory::<f64>::new(&card, logits.all())?;
    card.launch(
        kernel,
        (rows, models),
        arguments![
            of losses, of by_logs, of logs, of shares.shares, of shares.weights, of shares.scales, double key, int rows,
            int classes,
        ],
    )?;
    let slopes = Memory::<f32>::new(&card, logits.all())?;
    card.launch(
        "class_loss_slopes",
        (rows, models),
        arguments![of slopes, of by_logs, of logs, of shares.shares, int rows, int classes],
    )?;
    row_loss(tape, logits, &losses, slopes)
}
