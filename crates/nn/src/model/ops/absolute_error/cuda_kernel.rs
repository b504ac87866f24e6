//! Mean absolute error of several models on the tape of the device.

use dfdx::tensor::CudaError;

use crate::model::cuda::{Tape, Value};
use crate::model::ops::regression_loss::cuda_kernel::regression_loss;

/// As [`super::absolute_error`] of each model: `[models, 1, 1]`.
pub fn absolute_error(
    tape: &mut Tape,
    predictions: &Value,
    targets: &[&[Option<f32>]],
) -> Result<Value, CudaError> {
    regression_loss(tape, predictions, targets, "absolute_error_rows")
}
