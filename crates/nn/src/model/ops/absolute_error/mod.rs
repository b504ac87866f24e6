//! Mean absolute error (`torch.nn.functional.l1_loss`).

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::loss::{Compare, CompareNumbers, Loss};
use super::regression_loss::regression_loss;

/// The mean absolute error.
pub const LOSS: Loss = Loss {
    name: "mae",
    keys: &[],
    compare: Compare::Numbers(CompareNumbers {
        here: absolute_error,
        #[cfg(feature = "cuda")]
        on_device: cuda_kernel::absolute_error,
    }),
};

/// Mean of `|x - y|` of predictions `[rows, 1]` over the rows with a target; where both are equal, the slope is 0 as in
/// PyTorch.
///
/// # Errors
/// Where memory runs out.
pub fn absolute_error<T: Tape<f32, Cpu>>(
    predictions: Tensor<(usize, usize), f32, Cpu, T>,
    targets: &[Option<f32>],
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    regression_loss(predictions, targets, |x, y| {
        let n = x.len() as f64;
        let errors = || x.iter().zip(y).map(|(x, y)| x - y);
        let sign = |error: f64| if error == 0.0 { 0.0 } else { error.signum() };
        let value = errors().map(f64::abs).sum::<f64>() / n;
        (value, errors().map(|error| sign(error) / n).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::super::regression_loss::testing::{check_slopes, evaluate};
    use super::*;

    #[test]
    fn slopes_are_those_of_finite_differences() {
        check_slopes(absolute_error);
        let (value, slopes) = evaluate(absolute_error, &[1.0, 3.0], &[Some(1.0), Some(1.0)]);
        assert_eq!((value, slopes), (1.0, vec![0.0, 0.5]));
    }
}
