//! Pooling over time: one vector of a matrix of features.

use pipe_foundation::Features;
use serde::{Deserialize, Serialize};

/// What becomes of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// They are kept.
    #[default]
    None,
    /// Their mean.
    Mean,
    /// Their mean, and behind it their standard deviation (that of the population, 0 for one frame): the statistics pooling
    /// of x-vectors (Snyder et al. 2018).
    MeanDeviation,
}

impl Pooling {
    /// Names in manifests.
    pub const NAMES: &'static [&'static str] = &["none", "mean", "mean_deviation"];

    /// The features `[frames, bins]` after pooling: `[frames, bins]`, `[1, bins]` or `[1, 2 * bins]`.
    pub fn apply(self, features: Features) -> Features {
        if self == Self::None || features.frames == 0 {
            return features;
        }
        let Features {
            frames,
            bins,
            values,
        } = features;
        let rows = || values.chunks_exact(bins.max(1));
        let mut sums = vec![0.0_f64; bins];
        for row in rows() {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        let count = frames as f64;
        let means: Vec<f64> = sums.into_iter().map(|sum| sum / count).collect();
        let mut pooled: Vec<f32> = means.iter().map(|&mean| mean as f32).collect();
        if self == Self::MeanDeviation {
            let mut squares = vec![0.0_f64; bins];
            for row in rows() {
                for ((square, &value), mean) in squares.iter_mut().zip(row).zip(&means) {
                    let difference = f64::from(value) - mean;
                    *square += difference * difference;
                }
            }
            let deviations = squares
                .into_iter()
                .map(|square| (square / count).sqrt() as f32);
            pooled.extend(deviations);
        }
        Features {
            frames: 1,
            bins: pooled.len(),
            values: pooled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(frames: usize, bins: usize, values: &[f32]) -> Features {
        Features {
            frames,
            bins,
            values: values.to_vec(),
        }
    }

    #[test]
    fn mean_and_deviation_are_those_of_each_column() {
        let matrix = features(4, 2, &[1.0, 5.0, 3.0, 5.0, 5.0, 5.0, 7.0, 5.0]);
        assert_eq!(Pooling::None.apply(matrix.clone()), matrix);
        assert_eq!(
            Pooling::Mean.apply(matrix.clone()),
            features(1, 2, &[4.0, 5.0])
        );
        let pooled = Pooling::MeanDeviation.apply(matrix);
        // numpy.std([1, 3, 5, 7]) is the root of 5.
        assert_eq!(pooled, features(1, 4, &[4.0, 5.0, 5.0_f32.sqrt(), 0.0]));
    }

    #[test]
    fn one_frame_has_no_deviation() {
        let pooled = Pooling::MeanDeviation.apply(features(1, 2, &[0.1, -3.0]));
        assert_eq!(pooled, features(1, 4, &[0.1, -3.0, 0.0, 0.0]));
    }
}
