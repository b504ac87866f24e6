//! Mean squared error of several models on the tape of the device.

use dfdx::tensor::CudaError;

use crate::model::cuda::{Tape, Value};
use crate::model::ops::regression_loss::cuda_kernel::regression_loss;

/// As [`super::squared_error`] of each model: `[models, 1, 1]`.
pub fn squared_error(
    tape: &mut Tape,
    predictions: &Value,
    targets: &[&[Option<f32>]],
) -> Result<Value, CudaError> {
    regression_loss(tape, predictions, targets, "squared_error_rows")
}
