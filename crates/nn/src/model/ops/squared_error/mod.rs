//! Mean squared error (`torch.nn.functional.mse_loss`).

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::loss::{Compare, CompareNumbers, Loss};
use super::regression_loss::regression_loss;

/// The mean squared error.
pub const LOSS: Loss = Loss {
    name: "mse",
    keys: &[],
    compare: Compare::Numbers(CompareNumbers {
        here: squared_error,
        #[cfg(feature = "cuda")]
        on_device: cuda_kernel::squared_error,
    }),
};

/// Mean of `(x - y)²` of predictions `[rows, 1]` over the rows with a target.
///
/// # Errors
/// Where memory runs out.
pub fn squared_error<T: Tape<f32, Cpu>>(
    predictions: Tensor<(usize, usize), f32, Cpu, T>,
    targets: &[Option<f32>],
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    regression_loss(predictions, targets, |x, y| {
        let n = x.len() as f64;
        let errors = || x.iter().zip(y).map(|(x, y)| x - y);
        let value = errors().map(|error| error * error).sum::<f64>() / n;
        (value, errors().map(|error| 2.0 * error / n).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::super::regression_loss::testing::{check_slopes, evaluate};
    use super::*;

    #[test]
    fn slopes_are_those_of_finite_differences() {
        check_slopes(squared_error);
        let (value, slopes) = evaluate(squared_error, &[1.0, 3.0], &[Some(0.0), Some(1.0)]);
        assert_eq!((value, slopes), (2.5, vec![1.0, 2.0]));
    }
}
