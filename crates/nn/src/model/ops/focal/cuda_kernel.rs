//! The focal loss of several models on the tape of the device.

use dfdx::tensor::CudaError;

use crate::model::cuda::{Tape, Value};
use crate::model::ops::class_loss::ClassTargets;
use crate::model::ops::class_loss::cuda_kernel::class_loss;

/// As [`super::focal`] of each model: `[models, 1, 1]`.
pub fn focal(
    tape: &mut Tape,
    logits: &Value,
    targets: &[ClassTargets<'_>],
    class_weights: Option<&[f32]>,
    gamma: f64,
) -> Result<Value, CudaError> {
    class_loss(tape, logits, targets, class_weights, ("focal_rows", gamma))
}
