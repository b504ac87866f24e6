//! The focal loss (Lin et al. 2017, eq. 5), over several classes. PyTorch has none; with its tensors:
//! `log = log_softmax(x, 1)[rows, target]; (-(weight * (1 - log.exp()) ** gamma * log)).sum() / weight.sum()`, and with the
//! shares q of votes `(-(q * weight * (1 - log.exp()) ** gamma * log)).sum() / len(q)` of all `log = log_softmax(x, 1)`.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use pipe_foundation::exact;

use super::class_loss::{ClassTargets, RowLoss, class_loss, weight_of};
use super::loss::{Compare, CompareClasses, Loss};

/// The focal loss of classes or shares.
pub const LOSS: Loss = Loss {
    name: "focal",
    keys: &["gamma"],
    compare: Compare::Classes(CompareClasses {
        here: |logits, case| focal(logits, case.targets, case.weights, case.keys.gamma),
        #[cfg(feature = "cuda")]
        on_device: |tape, logits, case| {
            cuda_kernel::focal(tape, logits, case.targets, case.weights, case.keys.gamma)
        },
    }),
};

/// Mean over the rows that have a target of the sum over classes c of `-q[c] weight[c] (1 - p_c)^gamma ln p_c`, where q are
/// the shares of the classes, or 1 for the one that is the target; of logits `[rows, classes]`. Divided as
/// [`super::soft_cross_entropy::soft_cross_entropy`], which it is with `gamma` 0.
///
/// # Errors
/// Where memory runs out.
pub fn focal<T: Tape<f32, Cpu>>(
    logits: Tensor<(usize, usize), f32, Cpu, T>,
    targets: ClassTargets<'_>,
    class_weights: Option<&[f32]>,
    gamma: f64,
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    class_loss(logits, targets.total(class_weights), |row, logs| {
        let mut value = 0.0;
        let mut slopes = vec![0.0; logs.len()];
        for (class, (slope, &log)) in slopes.iter_mut().zip(logs).enumerate() {
            let weight = targets.share(row, class)? * weight_of(class_weights, class);
            // A class without share adds nothing, however unlikely it is.
            if weight == 0.0 {
                continue;
            }
            let p = exact::exp(log);
            let rest = 1.0 - p;
            let factor = power(rest, gamma);
            // d((1 - p)^g ln p) / d ln p = (1 - p)^g - g (1 - p)^(g - 1) p ln p; the second term is 0 at p = 1.
            let bend = if rest > 0.0 {
                gamma * power(rest, gamma - 1.0) * p * log
            } else {
                0.0
            };
            *slope = -weight * (factor - bend);
            value += -weight * factor * log;
        }
        Some(RowLoss { value, slopes })
    })
}

/// `base^exponent` of a base from 0 to 1, with the same bits on every machine.
fn power(base: f64, exponent: f64) -> f64 {
    match (base, exponent) {
        (_, 0.0) => 1.0,
        (0.0, _) => 0.0,
        _ => exact::exp(exponent * exact::ln(base)),
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::super::class_loss::testing::{check_slopes, evaluate};
    use super::super::cross_entropy::cross_entropy;
    use super::*;

    const TARGETS: [Option<usize>; 4] = [Some(2), None, Some(0), Some(1)];
    const WEIGHTS: [f32; 3] = [0.5, 1.0, 3.0];

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let values: Vec<f32> = noise(12, 4).iter().map(|v| 2.0 * v).collect();
        for gamma in [0.0, 0.5, 1.0, 2.0, 5.0] {
            check_slopes(&values, |x| {
                focal(x, ClassTargets::Classes(&TARGETS), Some(&WEIGHTS), gamma)
            });
        }
    }

    #[test]
    fn votes_for_one_class_are_that_class() {
        let values = noise(12, 5);
        let rows = [
            vec![0.0, 0.0, 1.0],
            vec![],
            vec![1.0, 0.0, 0.0],
            vec![0.0, 1.0, 0.0],
        ];
        let hard = evaluate(&values, |x| {
            focal(x, ClassTargets::Classes(&TARGETS), None, 2.0)
        });
        let soft = evaluate(&values, |x| {
            focal(x, ClassTargets::Shares(&rows), None, 2.0)
        });
        assert_eq!(soft, hard);
        let mixed = [
            vec![0.5, 0.25, 0.25],
            vec![],
            vec![0.1, 0.9, 0.0],
            vec![0.0, 0.0, 1.0],
        ];
        for gamma in [0.0, 0.5, 2.0] {
            check_slopes(&values, |x| {
                focal(x, ClassTargets::Shares(&mixed), Some(&WEIGHTS), gamma)
            });
        }
        // By hand: three classes that are equally likely, gamma 1.
        let even = evaluate(&[1.0; 3], |x| {
            focal(x, ClassTargets::Shares(&mixed[..1]), None, 1.0)
        });
        assert!((f64::from(even.0) - 2.0 / 3.0 * 3.0_f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn without_focus_it_is_the_cross_entropy() {
        let values = noise(12, 9);
        let plain = evaluate(&values, |x| cross_entropy(x, &TARGETS, Some(&WEIGHTS)));
        let found = evaluate(&values, |x| {
            focal(x, ClassTargets::Classes(&TARGETS), Some(&WEIGHTS), 0.0)
        });
        assert!((plain.0 - found.0).abs() < 1e-6);
        for (plain, found) in plain.1.iter().zip(&found.1) {
            assert!((plain - found).abs() < 1e-6);
        }
    }

    #[test]
    fn certain_predictions_cost_nothing_and_impossible_ones_are_finite() {
        let (value, slopes) = evaluate(&[200.0, 0.0, 0.0], |x| {
            focal(x, ClassTargets::Classes(&[Some(0)]), None, 2.0)
        });
        assert_eq!(value, 0.0);
        assert!(slopes.iter().all(|slope| slope.is_finite()));
        let (value, slopes) = evaluate(&[0.0, 200.0, 0.0], |x| {
            focal(x, ClassTargets::Classes(&[Some(0)]), None, 2.0)
        });
        assert!((value - 200.0).abs() < 1e-3 && slopes.iter().all(|slope| slope.is_finite()));
    }
}
