//! Cross-entropy whose targets are distributions over the classes, and label smoothing (Szegedy et al. 2016), as
//! `torch.nn.functional.cross_entropy` has them.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::class_loss::{ClassTargets, RowLoss, class_loss, weight_of};
use super::cross_entropy::cross_entropy;
use super::loss::{ClassCase, Compare, CompareClasses, Loss, LossKeys};

/// Cross-entropy, smoothed or not, with classes or shares.
pub const LOSS: Loss = Loss {
    name: "cross_entropy",
    keys: &["label_smoothing"],
    compare: Compare::Classes(CompareClasses {
        here: |logits, case| match case {
            ClassCase {
                targets: ClassTargets::Classes(classes),
                keys:
                    LossKeys {
                        label_smoothing: 0.0,
                        ..
                    },
                ..
            } => cross_entropy(logits, classes, case.weights),
            _ => soft_cross_entropy(
                logits,
                case.targets,
                case.weights,
                case.keys.label_smoothing,
            ),
        },
        #[cfg(feature = "cuda")]
        on_device: |tape, logits, case| {
            let smoothing = case.keys.label_smoothing;
            cuda_kernel::plain_or_soft(tape, logits, case.targets, case.weights, smoothing)
        },
    }),
};

/// Cross-entropy of logits `[rows, classes]` with targets q, smoothed to `(1 - s) q + s / classes`.
///
/// As in PyTorch, the weight of a class multiplies its own term; with one class for each row the sum is divided by the
/// weights of these classes, with shares by the number of rows. Rows without target add nothing.
///
/// # Errors
/// Where memory runs out.
pub fn soft_cross_entropy<T: Tape<f32, Cpu>>(
    logits: Tensor<(usize, usize), f32, Cpu, T>,
    targets: ClassTargets<'_>,
    class_weights: Option<&[f32]>,
    label_smoothing: f64,
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    let classes = logits.shape().1;
    let even = label_smoothing / classes as f64;
    class_loss(logits, targets.total(class_weights), |row, logs| {
        let mut value = 0.0;
        let mut slopes = Vec::with_capacity(classes);
        for (class, log) in logs.iter().enumerate() {
            let share = (1.0 - label_smoothing) * targets.share(row, class)? + even;
            let slope = -share * weight_of(class_weights, class);
            slopes.push(slope);
            // A class without share adds nothing, however unlikely it is.
            if slope != 0.0 {
                value += slope * log;
            }
        }
        Some(RowLoss { value, slopes })
    })
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::super::class_loss::testing::{check_slopes, evaluate};
    use super::*;

    const TARGETS: [Option<usize>; 4] = [Some(2), None, Some(0), Some(1)];
    const WEIGHTS: [f32; 3] = [0.5, 1.0, 3.0];

    fn shares() -> Vec<Vec<f32>> {
        vec![
            vec![0.25, 0.75, 0.0],
            vec![],
            vec![0.0, 0.0, 1.0],
            vec![0.2, 0.3, 0.5],
        ]
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let values = noise(12, 4);
        for smoothing in [0.0, 0.1] {
            check_slopes(&values, |x| {
                soft_cross_entropy(
                    x,
                    ClassTargets::Classes(&TARGETS),
                    Some(&WEIGHTS),
                    smoothing,
                )
            });
            check_slopes(&values, |x| {
                soft_cross_entropy(
                    x,
                    ClassTargets::Shares(&shares()),
                    Some(&WEIGHTS),
                    smoothing,
                )
            });
        }
    }

    #[test]
    fn without_smoothing_it_is_the_cross_entropy() {
        let values = noise(12, 9);
        let hard = evaluate(&values, |x| cross_entropy(x, &TARGETS, Some(&WEIGHTS)));
        let soft = evaluate(&values, |x| {
            soft_cross_entropy(x, ClassTargets::Classes(&TARGETS), Some(&WEIGHTS), 0.0)
        });
        assert!((hard.0 - soft.0).abs() < 1e-6);
        for (hard, soft) in hard.1.iter().zip(&soft.1) {
            assert!((hard - soft).abs() < 1e-6);
        }
        let none = evaluate(&values, |x| {
            soft_cross_entropy(x, ClassTargets::Classes(&[None; 4]), None, 0.1)
        });
        assert_eq!(none, (0.0, vec![0.0; 12]));
    }
}
