//! One minus the concordance correlation coefficient (Lin 1989), the usual loss of dimensional emotion (Trigeorgis et al.
//! 2016). PyTorch has none; with its tensors: `1 - 2 * cov / (x.var(0) + y.var(0) + (x.mean() - y.mean()) ** 2)` with
//! `unbiased=False`.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::loss::{Compare, CompareNumbers, Loss};
use super::regression_loss::regression_loss;

/// One minus the concordance correlation.
pub const LOSS: Loss = Loss {
    name: "ccc",
    keys: &[],
    compare: Compare::Numbers(CompareNumbers {
        here: concordance,
        #[cfg(feature = "cuda")]
        on_device: cuda_kernel::concordance,
    }),
};

/// `1 - 2 s_xy / (s_x² + s_y² + (m_x - m_y)²)` of predictions `[rows, 1]` over the rows with a target, moments with
/// divisor n. Where predictions and targets are all one and the same number, nothing is left to gain: 0.
///
/// # Errors
/// Where memory runs out.
pub fn concordance<T: Tape<f32, Cpu>>(
    predictions: Tensor<(usize, usize), f32, Cpu, T>,
    targets: &[Option<f32>],
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    regression_loss(predictions, targets, |x, y| {
        let n = x.len() as f64;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
        let (mean_x, mean_y) = (mean(x), mean(y));
        let pairs = || x.iter().zip(y).map(|(x, y)| (x - mean_x, y - mean_y));
        let covariance = pairs().map(|(a, b)| a * b).sum::<f64>() / n;
        let variances = pairs().map(|(a, b)| a * a + b * b).sum::<f64>() / n;
        let apart = mean_x - mean_y;
        let denominator = variances + apart * apart;
        if denominator == 0.0 {
            return (0.0, vec![0.0; x.len()]);
        }
        // d(2c/d) = 2 dc/d - 2c dd/d², with dc = (y - m_y)/n and dd = 2 ((x - m_x) + (m_x - m_y))/n.
        let ccc = 2.0 * covariance / denominator;
        let slope = |(a, b): (f64, f64)| -(2.0 * b / n - ccc * 2.0 * (a + apart) / n) / denominator;
        (1.0 - ccc, pairs().map(slope).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::super::regression_loss::testing::{check_slopes, evaluate};
    use super::*;

    #[test]
    fn slopes_are_those_of_finite_differences() {
        check_slopes(concordance);
    }

    #[test]
    fn perfect_and_reversed_predictions_are_the_ends() {
        let y = [1.0, 2.0, 4.0].map(Some);
        let loss = |x: &[f32]| evaluate(concordance, x, &y).0;
        assert!(loss(&[1.0, 2.0, 4.0]).abs() < 1e-6);
        // Mirrored at the mean 7/3: the correlation is -1, means and variances agree.
        let mirrored = [1.0, 2.0, 4.0].map(|y: f32| 14.0 / 3.0 - y);
        assert!((loss(&mirrored) - 2.0).abs() < 1e-6);
        assert!((loss(&[7.0, 7.0, 7.0]) - 1.0).abs() < 1e-6);
        let constant = evaluate(concordance, &[3.0, 3.0], &[Some(3.0); 2]);
        assert_eq!(constant, (0.0, vec![0.0; 2]));
    }
}
