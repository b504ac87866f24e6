//! Log-softmax and negative log-likelihood in one operation (`torch.nn.functional.cross_entropy`).

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use pipe_foundation::exact;

use super::tape_op::unary;

/// Row-wise softmax of `[rows, classes]`.
pub fn softmax(logits: &[f32], classes: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let start = out.len();
        out.extend(
            row.iter()
                .map(|&x| exact::exp(f64::from(x - largest)) as f32),
        );
        let sum: f32 = out[start..].iter().sum();
        out[start..].iter_mut().for_each(|p| *p /= sum);
    }
    out
}

/// Mean of `-weight[target] * log softmax(logits)[target]` over the rows that have a target, divided by
/// the sum of their weights as PyTorch does; 0 where no row has one.
///
/// `logits` is `[rows, classes]`; rows without a target add nothing and receive no gradient.
///
/// # Errors
/// Where memory runs out.
pub fn cross_entropy<T: Tape<f32, Cpu>>(
    logits: Tensor<(usize, usize), f32, Cpu, T>,
    targets: &[Option<usize>],
    class_weights: Option<&[f32]>,
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    let classes = logits.shape().1;
    let values = logits.as_vec();
    let weight_of = |target: usize| {
        class_weights.map_or(1.0, |weights| weights.get(target).copied().unwrap_or(1.0))
    };
    let mut loss = 0f64;
    let mut total = 0f64;
    for (row, target) in values.chunks_exact(classes).zip(targets) {
        let Some(target) = target.filter(|&t| t < classes) else {
            continue;
        };
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row
            .iter()
            .map(|&x| exact::exp(f64::from(x - largest)))
            .sum();
        let weight = f64::from(weight_of(target));
        loss += weight * (exact::ln(sum) - f64::from(row[target] - largest));
        total += weight;
    }
    let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
    // 0/0 of NaN logits must not hide behind an empty batch.
    let value = if total > 0.0 { loss / total } else { 0.0 };
    let mut slope = softmax(&values, classes);
    for (row, target) in slope.chunks_exact_mut(classes).zip(targets) {
        match target.filter(|&t| t < classes) {
            Some(target) => {
                row[target] -= 1.0;
                let factor = (f64::from(weight_of(target)) * scale) as f32;
                row.iter_mut().for_each(|g| *g *= factor);
            }
            None => row.fill(0.0),
        }
    }
    unary(
        logits,
        vec![value as f32],
        (),
        move |of_output, of_logits| {
            let scale = of_output.first().copied().unwrap_or_default();
            for (to, g) in of_logits.iter_mut().zip(&slope) {
                *to += scale * g;
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;
    use proptest::prelude::*;

    use super::*;

    fn loss(values: &[f32], targets: &[Option<usize>], weights: Option<&[f32]>) -> (f32, Vec<f32>) {
        let device = Cpu::default();
        let logits = device.tensor_from_vec(
            values.to_vec(),
            (targets.len(), values.len() / targets.len()),
        );
        let loss = cross_entropy(logits.leaky_trace(), targets, weights).unwrap();
        let value = loss.array();
        (value, loss.backward().get(&logits).as_vec())
    }

    /// The definition, in double precision.
    fn naive(values: &[f64], classes: usize, targets: &[Option<usize>], weights: &[f64]) -> f64 {
        let (mut loss, mut total) = (0.0, 0.0);
        for (row, target) in values.chunks_exact(classes).zip(targets) {
            if let Some(target) = *target {
                let sum: f64 = row.iter().map(|x| x.exp()).sum();
                loss -= weights[target] * (row[target].exp() / sum).ln();
                total += weights[target];
            }
        }
        if total > 0.0 { loss / total } else { 0.0 }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equals_the_definition_and_its_slopes(
            rows in 1usize..6, classes in 1usize..7, seed: u32, weighted: bool,
            picks in prop::collection::vec(prop::option::weighted(0.8, 0usize..60), 6),
        ) {
            let targets: Vec<_> = picks[..rows].iter().map(|p| p.map(|p| p % classes)).collect();
            let values: Vec<f32> = noise(rows * classes, seed).iter().map(|v| 4.0 * v).collect();
            let weights: Vec<f32> = noise(classes, seed ^ 1).iter().map(|v| 1.1 + v).collect();
            let (value, gradient) = loss(&values, &targets, weighted.then_some(&weights));
            let wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            let weights: Vec<f64> = (weights.iter())
                .map(|&w| if weighted { f64::from(w) } else { 1.0 })
                .collect();
            let expected = naive(&wide, classes, &targets, &weights);
            prop_assert!((f64::from(value) - expected).abs() < 1e-5, "{} {}", value, expected);
            for at in 0..values.len() {
                let moved = |step: f64| {
                    let mut moved = wide.clone();
                    moved[at] += step;
                    naive(&moved, classes, &targets, &weights)
                };
                let slope = (moved(1e-4) - moved(-1e-4)) / 2e-4;
                prop_assert!((slope - f64::from(gradient[at])).abs() < 1e-5, "{}", at);
            }
        }

        #[test]
        fn softmax_is_its_definition(rows in 1usize..5, classes in 1usize..7, seed: u32, size in 0.1f32..80.0) {
            let values: Vec<f32> = noise(rows * classes, seed).iter().map(|v| size * v).collect();
            let found = softmax(&values, classes);
            for (row, found) in values.chunks_exact(classes).zip(found.chunks_exact(classes)) {
                let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
                for (&x, &p) in row.iter().zip(found) {
                    prop_assert!((f64::from(p) - f64::from(x).exp() / sum).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn finite_differences_with_missing_targets_and_weights() {
        let values = noise(12, 4);
        let targets = [Some(2), None, Some(0), Some(1)];
        let weights = [0.5, 1.0, 3.0];
        let (_, gradient) = loss(&values, &targets, Some(&weights));
        for at in 0..values.len() {
            let mut moved = values.clone();
            moved[at] += 1e-2;
            let up = loss(&moved, &targets, Some(&weights)).0;
            moved[at] -= 2e-2;
            let slope = (up - loss(&moved, &targets, Some(&weights)).0) / 2e-2;
            assert!(
                (slope - gradient[at]).abs() < 1e-4,
                "{at}: {slope} {}",
                gradient[at]
            );
        }
        assert_eq!(gradient[3..6], [0.0; 3]);
    }

    #[test]
    fn no_target_at_all_is_zero_and_nan_shows() {
        let (value, gradient) = loss(&[1.0, 2.0], &[None], None);
        assert_eq!((value, gradient), (0.0, vec![0.0; 2]));
        assert!(loss(&[f32::NAN, 2.0], &[Some(1)], None).0.is_nan());
        let (value, _) = loss(&[1000.0, 0.0], &[Some(1)], None);
        assert!((value - 1000.0).abs() < 1e-3);
    }
}
