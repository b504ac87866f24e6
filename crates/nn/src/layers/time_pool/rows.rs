//! Pooling over time: one vector from an utterance's own frames.

/// Mean of `rows`, each `[channels]`, into `out`; summed in the order given.
pub fn mean<'a>(rows: impl Iterator<Item = &'a [f32]>, out: &mut [f32]) {
    out.fill(0.0);
    let mut count = 0usize;
    for row in rows {
        out.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        count += 1;
    }
    let scale = 1.0 / count.max(1) as f32;
    out.iter_mut().for_each(|sum| *sum *= scale);
}

/// The gradient of each of `count` rows under a mean: `gradient / count`.
pub fn mean_backward(gradient: &[f32], count: usize, row: &mut [f32]) {
    let scale = 1.0 / count.max(1) as f32;
    row.iter_mut()
        .zip(gradient)
        .for_each(|(of_row, g)| *of_row = g * scale);
}

/// The step whose hidden state is the last of a direction: the last frame forward, the first one backward in time.
pub fn last_step(length: usize, backward_in_time: bool) -> usize {
    if backward_in_time {
        0
    } else {
        length.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn mean_is_its_definition_and_its_gradient_the_transpose(
            frames in 1usize..40, channels in 1usize..20, seed: u32,
        ) {
            let rows = noise(frames * channels, seed);
            let gradient = noise(channels, seed ^ 1);
            let mut found = vec![7.0; channels];
            mean(rows.chunks_exact(channels), &mut found);
            for (c, found) in found.iter().enumerate() {
                let column = rows.iter().skip(c).step_by(channels);
                let expected = column.map(|&x| f64::from(x)).sum::<f64>() / frames as f64;
                prop_assert!((f64::from(*found) - expected).abs() < 1e-6);
            }
            // The mean is linear: <mean(x), g> = <x, gradient of g>.
            let mut of_row = vec![7.0; channels];
            mean_backward(&gradient, frames, &mut of_row);
            let inner = |a: &[f32], b: &[f32]| -> f64 {
                a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            let left = inner(&found, &gradient);
            let right: f64 = rows.chunks_exact(channels).map(|row| inner(row, &of_row)).sum();
            prop_assert!((left - right).abs() < 1e-5, "{} {}", left, right);
        }

        #[test]
        fn the_last_step_is_the_one_walked_last(length in 1usize..50, backward_in_time: bool) {
            let mut walk: Vec<usize> = (0..length).collect();
            if backward_in_time {
                walk.reverse();
            }
            prop_assert_eq!(last_step(length, backward_in_time), walk[length - 1]);
        }
    }

    #[test]
    fn mean_and_its_gradient() {
        let rows = [[1.0, 10.0], [2.0, 20.0], [6.0, 0.0]];
        let mut out = [9.0; 2];
        mean(rows.iter().map(|row| &row[..]), &mut out);
        assert_eq!(out, [3.0, 10.0]);
        let mut row = [0.0; 2];
        mean_backward(&[3.0, -6.0], 3, &mut row);
        assert_eq!(row, [1.0, -2.0]);
    }
}
