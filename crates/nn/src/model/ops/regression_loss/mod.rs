//! The frame of losses of one number for each row: what is known is compared, the rest receives no gradient.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::tape_op::unary;

/// A scalar loss of predictions `[rows, 1]` against the targets that are known; 0 where none is. `compare` takes
/// predictions and targets of equal length and gives the loss and its derivative by each prediction.
pub(super) fn regression_loss<T: Tape<f32, Cpu>>(
    predictions: Tensor<(usize, usize), f32, Cpu, T>,
    targets: &[Option<f32>],
    compare: impl FnOnce(&[f64], &[f64]) -> (f64, Vec<f64>),
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    let values = predictions.as_vec();
    let known = values.iter().zip(targets).enumerate();
    let known = known.filter_map(|(row, (x, y))| Some((row, f64::from(*x), f64::from((*y)?))));
    let (mut rows, mut x, mut y) = (Vec::new(), Vec::new(), Vec::new());
    for (row, prediction, target) in known {
        rows.push(row);
        x.push(prediction);
        y.push(target);
    }
    let (value, slopes) = match rows.is_empty() {
        true => (0.0, Vec::new()),
        false => compare(&x, &y),
    };
    unary(
        predictions,
        vec![value as f32],
        (),
        move |of_output, of_predictions| {
            let scale = of_output.first().copied().unwrap_or_default();
            for (&row, slope) in rows.iter().zip(&slopes) {
                if let Some(to) = of_predictions.get_mut(row) {
                    *to += scale * *slope as f32;
                }
            }
        },
    )
}

/// Finite differences and missing targets, the same for every such loss.
#[cfg(test)]
pub(super) mod testing {
    use pipe_foundation::test_support::noise;

    use super::*;

    pub type Loss = fn(
        Tensor<(usize, usize), f32, Cpu, OwnedTape<f32, Cpu>>,
        &[Option<f32>],
    ) -> Result<Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>, CpuError>;

    /// Loss and gradient.
    pub fn evaluate(loss: Loss, values: &[f32], targets: &[Option<f32>]) -> (f32, Vec<f32>) {
        let device = Cpu::default();
        let x = device.tensor_from_vec(values.to_vec(), (values.len(), 1));
        let found = loss(x.leaky_trace(), targets).unwrap();
        let value = found.array();
        (value, found.backward().get(&x).as_vec())
    }

    /// Panics unless the gradient is that of finite differences, and rows without target receive none.
    #[track_caller]
    pub fn check_slopes(loss: Loss) {
        for seed in 1..8 {
            let values = noise(9, seed);
            let targets: Vec<Option<f32>> = (noise(9, seed + 100).into_iter().enumerate())
                .map(|(row, y)| (row % 4 != 3).then_some(y))
                .collect();
            let (_, gradient) = evaluate(loss, &values, &targets);
            for at in 0..values.len() {
                let moved = |step: f32| {
                    let mut moved = values.clone();
                    moved[at] += step;
                    f64::from(evaluate(loss, &moved, &targets).0)
                };
                let slope = (moved(2e-3) - moved(-2e-3)) / 4e-3;
                let difference = (slope - f64::from(gradient[at])).abs();
                assert!(difference < 2e-4, "row {at}: {slope} {}", gradient[at]);
            }
            assert_eq!((gradient[3], gradient[7]), (0.0, 0.0));
        }
        let (value, gradient) = evaluate(loss, &[0.5, 2.0], &[None, None]);
        assert_eq!((value, gradient), (0.0, vec![0.0; 2]));
        assert!(
            evaluate(loss, &[f32::NAN, 1.0], &[Some(0.0), Some(1.0)])
                .0
                .is_nan()
        );
    }
}
