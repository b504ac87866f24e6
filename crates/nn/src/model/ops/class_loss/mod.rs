//! The frame of losses of class probabilities: a loss and its derivative by the log-probabilities of each row.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use pipe_foundation::exact;

use super::tape_op::unary;

/// What the rows of a batch should be.
#[derive(Clone, Copy, Debug)]
pub enum ClassTargets<'a> {
    /// One class each, where it is known.
    Classes(&'a [Option<usize>]),
    /// A share of each class, adding up to 1; an empty row is not known.
    Shares(&'a [Vec<f32>]),
}

impl ClassTargets<'_> {
    /// What a loss is divided by, as in PyTorch: the weights of the classes that are targets, or the number of rows with shares.
    pub(super) fn total(&self, class_weights: Option<&[f32]>) -> f64 {
        match self {
            Self::Classes(targets) => {
                let known = targets.iter().flatten();
                known.map(|&class| weight_of(class_weights, class)).sum()
            }
            Self::Shares(rows) => rows.iter().filter(|row| !row.is_empty()).count() as f64,
        }
    }

    /// The share of a class in a row; none where the row is not known.
    pub(super) fn share(&self, row: usize, class: usize) -> Option<f64> {
        match self {
            Self::Classes(targets) => {
                let target = (*targets.get(row)?)?;
                Some(f64::from(u8::from(target == class)))
            }
            Self::Shares(rows) => Some(f64::from(*rows.get(row)?.get(class)?)),
        }
    }
}

/// What one row adds to a loss: its value, and the derivative by each log-probability.
pub(super) struct RowLoss {
    /// The value.
    pub value: f64,
    /// One for each class.
    pub slopes: Vec<f64>,
}

/// The sum of what rows of logits `[rows, classes]` add, over `total`; 0 where it is 0. `row` takes the number of a row
/// and its log-probabilities, and gives none for rows that do not count.
pub(super) fn class_loss<T: Tape<f32, Cpu>>(
    logits: Tensor<(usize, usize), f32, Cpu, T>,
    total: f64,
    row: impl Fn(usize, &[f64]) -> Option<RowLoss>,
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    let classes = logits.shape().1;
    let values = logits.as_vec();
    let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
    let mut loss = 0.0;
    let mut gradient = vec![0.0_f32; values.len()];
    let rows = values
        .chunks_exact(classes)
        .zip(gradient.chunks_exact_mut(classes));
    for (index, (logits, to)) in rows.enumerate() {
        let logs = log_softmax(logits);
        let Some(RowLoss { value, slopes }) = row(index, &logs) else {
            continue;
        };
        loss += value;
        // The derivative of log p_j by logit k is [j = k] - p_k.
        let sum: f64 = slopes.iter().sum();
        for ((to, slope), log) in to.iter_mut().zip(&slopes).zip(&logs) {
            *to = (scale * (slope - sum * exact::exp(*log))) as f32;
        }
    }
    let value = if total > 0.0 { loss * scale } else { 0.0 };
    unary(
        logits,
        vec![value as f32],
        (),
        move |of_output, of_logits| {
            let scale = of_output.first().copied().unwrap_or_default();
            for (to, g) in of_logits.iter_mut().zip(&gradient) {
                *to += scale * g;
            }
        },
    )
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let above = logits.iter().map(|&x| f64::from(x - largest));
    let sum: f64 = above.clone().map(exact::exp).sum();
    let log = exact::ln(sum);
    above.map(|x| x - log).collect()
}

/// The weight of a class; 1 where none is given.
pub(super) fn weight_of(class_weights: Option<&[f32]>, class: usize) -> f64 {
    let weights = class_weights.and_then(|weights| weights.get(class).copied());
    f64::from(weights.unwrap_or(1.0))
}

/// Finite differences, the same for every such loss.
#[cfg(test)]
pub(super) mod testing {
    use super::*;

    type Traced = Tensor<(usize, usize), f32, Cpu, OwnedTape<f32, Cpu>>;

    /// Loss and gradient of logits of three classes.
    pub fn evaluate(
        values: &[f32],
        loss: impl Fn(Traced) -> Result<Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>, CpuError>,
    ) -> (f32, Vec<f32>) {
        let device = Cpu::default();
        let x = device.tensor_from_vec(values.to_vec(), (values.len() / 3, 3));
        let found = loss(x.leaky_trace()).unwrap();
        let value = found.array();
        (value, found.backward().get(&x).as_vec())
    }

    /// Panics unless the gradient is that of finite differences.
    #[track_caller]
    pub fn check_slopes(
        values: &[f32],
        loss: impl Fn(Traced) -> Result<Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>, CpuError>,
    ) {
        let (_, gradient) = evaluate(values, &loss);
        for at in 0..values.len() {
            let moved = |step: f32| {
                let mut moved = values.to_vec();
                moved[at] += step;
                f64::from(evaluate(&moved, &loss).0)
            };
            let slope = (moved(4e-3) - moved(-4e-3)) / 8e-3;
            let difference = (slope - f64::from(gradient[at])).abs();
            assert!(difference < 2e-4, "{at}: {slope} {}", gradient[at]);
        }
    }
}
