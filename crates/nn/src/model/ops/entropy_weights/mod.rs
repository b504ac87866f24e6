//! Entropy conditioning: cross-entropy in which utterances count the more, the more certain their class is (Long et al.,
//! "Conditional adversarial domain adaptation", 2018, section 3.3, CDAN+E). With PyTorch's tensors: `w = 1 + (p *
//! p.log()).sum(1).exp(); (w * F.cross_entropy(x, labels, reduction="none")).sum() / w.sum()`, where `p` is detached as in
//! the library of the authors' group.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use pipe_foundation::exact;

use super::class_loss::{RowLoss, class_loss};

/// `1 + exp(-H)` for each row of probabilities `[rows, classes]`, where `H` is its entropy in nats: 2 where one class is certain.
pub fn entropy_weights(probabilities: &[f32], classes: usize) -> Vec<f64> {
    let weight = |row: &[f32]| {
        let own = row.iter().map(|&p| f64::from(p));
        // A class that is impossible adds nothing.
        let negative: f64 = own.filter(|&p| p != 0.0).map(|p| p * exact::ln(p)).sum();
        1.0 + exact::exp(negative)
    };
    probabilities.chunks_exact(classes).map(weight).collect()
}

/// Mean of `-ln softmax(logits)[target]` over the rows of logits `[rows, labels]` that have a target, weighted by one constant
/// for each row; 0 where no row has a target.
///
/// # Errors
/// Where memory runs out.
pub fn weighted_cross_entropy<T: Tape<f32, Cpu>>(
    logits: Tensor<(usize, usize), f32, Cpu, T>,
    targets: &[Option<usize>],
    weights: &[f64],
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    let labels = logits.shape().1;
    let target = |row: usize| {
        let target = targets.get(row).copied().flatten();
        target.filter(|&target| target < labels)
    };
    let known = weights.iter().enumerate();
    let total: f64 = known
        .filter_map(|(row, weight)| target(row).map(|_| weight))
        .sum();
    class_loss(logits, total, |row, logs| {
        let (target, weight) = (target(row)?, weights.get(row)?);
        let mut slopes = vec![0.0; labels];
        slopes[target] = -weight;
        Some(RowLoss {
            value: -weight * logs[target],
            slopes,
        })
    })
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::super::class_loss::testing::{check_slopes, evaluate};
    use super::super::cross_entropy::cross_entropy;
    use super::*;

    const TARGETS: [Option<usize>; 4] = [Some(2), None, Some(0), Some(1)];

    #[test]
    fn weights_are_those_of_the_formula() {
        let found = entropy_weights(&[0.5, 0.5, 1.0, 0.0, 0.25, 0.75], 2);
        let entropy = -(0.25f64 * 0.25f64.ln() + 0.75 * 0.75f64.ln());
        let expected = [1.5, 2.0, 1.0 + (-entropy).exp()];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let values = noise(12, 4);
        check_slopes(&values, |x| {
            weighted_cross_entropy(x, &TARGETS, &[1.2, 1.9, 1.4, 2.0])
        });
    }

    #[test]
    fn rows_that_weigh_alike_give_the_cross_entropy() {
        let values = noise(12, 9);
        let plain = evaluate(&values, |x| cross_entropy(x, &TARGETS, None));
        let found = evaluate(&values, |x| weighted_cross_entropy(x, &TARGETS, &[1.7; 4]));
        assert!((plain.0 - found.0).abs() < 1e-6);
        for (plain, found) in plain.1.iter().zip(&found.1) {
            assert!((plain - found).abs() < 1e-6);
        }
        let none = evaluate(&values, |x| {
            weighted_cross_entropy(x, &[None; 4], &[1.7; 4])
        });
        assert_eq!(none, (0.0, vec![0.0; 12]));
    }
}
