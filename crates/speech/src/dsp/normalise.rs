//! Normalises features per utterance and coefficient.

use pipe_foundation::Features;
use serde::{Deserialize, Serialize};

/// Deviations below this divide by it instead.
const MIN_DEVIATION: f64 = 1e-5;

/// What is made equal across utterances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// Leave the features as they are.
    None,
    /// Subtract the mean of each coefficient over the utterance.
    Mean,
    /// Subtract the mean and divide by the (population) standard deviation, at least 1e-5.
    #[default]
    MeanVariance,
}

/// Normalises features `[frames, bins]` in place, each bin over all frames.
///
/// A bin that never changes, as in digital silence, becomes exactly 0.
pub fn normalise(features: &mut Features, normalisation: Normalisation) {
    if normalisation == Normalisation::None || features.bins == 0 {
        return;
    }
    let bins = features.bins;
    // Sums are taken relative to the first frame: exact for constants, and no digits are lost to a large mean.
    let Some(pivot) = features.values.get(..bins).map(<[f32]>::to_vec) else {
        return;
    };
    let frames = (features.values.len() / bins) as f64;
    let mut sums = vec![0.0_f64; bins];
    let mut squares = vec![0.0_f64; bins];
    for row in features.values.chunks_exact(bins) {
        for (((&value, &pivot), sum), square) in
            row.iter().zip(&pivot).zip(&mut sums).zip(&mut squares)
        {
            let value = f64::from(value) - f64::from(pivot);
            *sum += value;
            *square += value * value;
        }
    }
    let means: Vec<f64> = sums.iter().map(|sum| sum / frames).collect();
    let scales: Vec<f64> = match normalisation {
        Normalisation::MeanVariance => squares
            .iter()
            .zip(&means)
            .map(|(square, mean)| (square / frames - mean * mean).max(0.0).sqrt())
            .map(|deviation| 1.0 / deviation.max(MIN_DEVIATION))
            .collect(),
        _ => vec![1.0; bins],
    };
    for row in features.values.chunks_exact_mut(bins) {
        for (((value, &pivot), mean), scale) in row.iter_mut().zip(&pivot).zip(&means).zip(&scales)
        {
            *value = ((f64::from(*value) - f64::from(pivot) - mean) * scale) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(bins: usize, values: Vec<f32>) -> Features {
        Features {
            frames: values.len() / bins,
            bins,
            values,
        }
    }

    #[test]
    fn mean_and_deviation_become_zero_and_one() {
        let values: Vec<f32> = (0..300)
            .map(|i| 1000.0 * (i % 3) as f32 + ((i * 7919) % 101) as f32 * 0.01)
            .collect();
        let mut normal = features(3, values.clone());
        normalise(&mut normal, Normalisation::MeanVariance);
        let mut centred = features(3, values.clone());
        normalise(&mut centred, Normalisation::Mean);
        for bin in 0..3 {
            let column = |f: &Features| -> Vec<f64> {
                f.values
                    .iter()
                    .skip(bin)
                    .step_by(3)
                    .map(|v| f64::from(*v))
                    .collect()
            };
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            let variance = |v: &[f64]| {
                let m = mean(v);
                v.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / v.len() as f64
            };
            let original = column(&features(3, values.clone()));
            assert!(mean(&column(&normal)).abs() < 1e-6);
            assert!((variance(&column(&normal)) - 1.0).abs() < 1e-5);
            assert!(mean(&column(&centred)).abs() < 1e-6);
            assert!((variance(&column(&centred)) - variance(&original)).abs() < 1e-5);
        }
        let mut same = features(3, values.clone());
        normalise(&mut same, Normalisation::None);
        assert_eq!(same.values, values);
    }

    #[test]
    fn silence_becomes_zeros() {
        for value in [-15.942385_f32, 0.1, 0.0] {
            let mut silence = features(40, vec![value; 40 * 97]);
            normalise(&mut silence, Normalisation::MeanVariance);
            assert!(silence.values.iter().all(|value| *value == 0.0));
        }
        let mut empty = features(40, Vec::new());
        normalise(&mut empty, Normalisation::MeanVariance);
        let mut one = features(2, vec![3.0, 4.0]);
        normalise(&mut one, Normalisation::MeanVariance);
        assert_eq!(one.values, [0.0, 0.0]);
    }
}
