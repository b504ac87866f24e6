//! Where a map starts: the plane of largest variance.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::Points;

/// Rounds of the orthogonal iteration; a start need not be exact.
const ROUNDS: usize = 60;
/// Standard deviation of the first axis.
const DEVIATION: f64 = 1e-4;

/// Places along the first two principal components, the first of deviation 1e-4, each with noise of a hundredth of
/// that, so that points that coincide can part.
///
/// The sign of a component is that which makes its largest loading positive.
pub(super) fn principal(points: &Points, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let (rows, width) = (points.rows(), points.width());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let means = points.moments().means;
    let centred: Vec<f64> = points
        .values()
        .chunks_exact(width)
        .flat_map(|row| {
            row.iter()
                .zip(&means)
                .map(|(&value, mean)| f64::from(value) - mean)
        })
        .collect();
    let mut axes: [Vec<f64>; 2] =
        std::array::from_fn(|_| (0..width).map(|_| random.gen_range(-1.0..1.0)).collect());
    orthonormalise(&mut axes);
    let project = |axis: &[f64]| -> Vec<f64> {
        centred
            .chunks_exact(width)
            .map(|row| row.iter().zip(axis).map(|(a, b)| a * b).sum())
            .collect()
    };
    for _ in 0..ROUNDS {
        for axis in &mut axes {
            let scores = project(axis);
            axis.fill(0.0);
            for (row, score) in centred.chunks_exact(width).zip(&scores) {
                axis.iter_mut()
                    .zip(row)
                    .for_each(|(sum, value)| *sum += score * value);
            }
        }
        orthonormalise(&mut axes);
    }
    let mut places: Vec<Vec<f64>> = axes
        .iter_mut()
        .map(|axis| {
            let largest = axis.iter().copied().fold(0.0, |most: f64, value| {
                if value.abs() > most.abs() {
                    value
                } else {
                    most
                }
            });
            if largest < 0.0 {
                axis.iter_mut().for_each(|value| *value = -*value);
            }
            project(axis)
        })
        .collect();
    let squares: f64 = places[0].iter().map(|place| place * place).sum();
    let deviation = (squares / rows.max(1) as f64).sqrt();
    let scale = if deviation > 0.0 {
        DEVIATION / deviation
    } else {
        0.0
    };
    let mut single = |places: &[f64]| -> Vec<f32> {
        let noise = DEVIATION / 100.0;
        places
            .iter()
            .map(|place| (place * scale + random.gen_range(-noise..noise)) as f32)
            .collect()
    };
    let second = places.pop().unwrap_or_default();
    let first = places.pop().unwrap_or_default();
    (single(&first), single(&second))
}

/// Gram-Schmidt; an axis that vanishes stays zero.
fn orthonormalise([first, second]: &mut [Vec<f64>; 2]) {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let normalise = |axis: &mut Vec<f64>| {
        let length = dot(axis, axis).sqrt();
        let scale = if length > 1e-150 { 1.0 / length } else { 0.0 };
        axis.iter_mut().for_each(|value| *value *= scale);
    };
    normalise(first);
    let along = dot(first, second);
    second
        .iter_mut()
        .zip(first.iter())
        .for_each(|(value, other)| *value -= along * other);
    normalise(second);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_axes_come_first() {
        let values: Vec<f32> = (0..200)
            .flat_map(|i| {
                [
                    (i % 7) as f32,
                    10.0 * (i % 13) as f32,
                    3.0 * (i % 11) as f32,
                ]
            })
            .collect();
        let points = Points::new(3, values).unwrap();
        let (x, y) = principal(&points, 1);
        let correlation = |places: &[f32], dimension: usize| {
            let own: Vec<f64> = places.iter().map(|&place| f64::from(place)).collect();
            let other: Vec<f64> = (0..200)
                .map(|i| f64::from(points.row(i)[dimension]))
                .collect();
            let mean = |v: &[f64]| v.iter().sum::<f64>() / 200.0;
            let (a, b) = (mean(&own), mean(&other));
            let pairs = own.iter().zip(&other);
            let [mut ab, mut aa, mut bb] = [0.0; 3];
            pairs.for_each(|(x, y)| {
                ab += (x - a) * (y - b);
                aa += (x - a) * (x - a);
                bb += (y - b) * (y - b);
            });
            ab / (aa * bb).sqrt()
        };
        assert!(correlation(&x, 1) > 0.99 && correlation(&y, 2) > 0.95);
        let deviation = (x.iter().map(|x| x * x).sum::<f32>() / 200.0).sqrt();
        assert!((deviation / 1e-4 - 1.0).abs() < 0.01);
        assert_eq!(principal(&points, 1), principal(&points, 1));
    }
}
