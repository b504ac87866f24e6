//! Cross-entropy with distributions of several models on the tape of the device.

use dfdx::tensor::CudaError;

use crate::model::cuda::{Tape, Value};
use crate::model::ops::class_loss::ClassTargets;
use crate::model::ops::class_loss::cuda_kernel::class_loss;
use crate::model::ops::cross_entropy::cuda_kernel::{Labels, cross_entropy};

/// As [`super::soft_cross_entropy`] of each model: `[models, 1, 1]`.
pub fn soft_cross_entropy(
    tape: &mut Tape,
    logits: &Value,
    targets: &[ClassTargets<'_>],
    class_weights: Option<&[f32]>,
    label_smoothing: f64,
) -> Result<Value, CudaError> {
    let kernel = ("soft_cross_entropy_rows", label_smoothing);
    class_loss(tape, logits, targets, class_weights, kernel)
}

/// The loss of the registry: where all models have classes and nothing is smoothed, that of one operation.
pub fn plain_or_soft(
    tape: &mut Tape,
    logits: &Value,
    targets: &[ClassTargets<'_>],
    class_weights: Option<&[f32]>,
    label_smoothing: f64,
) -> Result<Value, CudaError> {
    let classes = targets.iter().map(|targets| match targets {
        ClassTargets::Classes(classes) if label_smoothing == 0.0 => Some(*classes),
        _ => None,
    });
    match classes.collect::<Option<Vec<_>>>() {
        Some(hard) => {
            let labels = Labels::new(tape.card(), &hard, logits.columns, class_weights)?;
            cross_entropy(tape, logits, &labels)
        }
        None => soft_cross_entropy(tape, logits, targets, class_weights, label_smoothing),
    }
}
