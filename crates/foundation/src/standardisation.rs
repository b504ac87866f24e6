//! Means and deviations of features over many recordings, and features in units of them.

use serde::{Deserialize, Serialize};

use super::{Features, FeaturesView};

/// A deviation of at most this part of the mean is the rounding of a feature that never changes.
const ROUNDING: f64 = 1e-7;

/// Means and deviations of each feature, which features are put in units of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardisation {
    /// Mean of each feature.
    pub means: Vec<f32>,
    /// Standard deviation of each feature; 1 where it never changed.
    pub deviations: Vec<f32>,
}

impl Standardisation {
    /// `(value - mean) / deviation` of every value of features that have as many bins.
    pub fn apply(&self, features: FeaturesView<'_>) -> Features {
        let mut values = Vec::with_capacity(features.values.len());
        for row in features.values.chunks_exact(features.bins.max(1)) {
            let units = self.means.iter().zip(&self.deviations);
            let row = row.iter().zip(units);
            values.extend(row.map(|(value, (mean, deviation))| (value - mean) / deviation));
        }
        Features {
            frames: features.frames,
            bins: features.bins,
            values,
        }
    }

    /// What keeps it from being used for features of `bins` values a frame, in words.
    pub fn fault(&self, bins: usize) -> Option<String> {
        let Self { means, deviations } = self;
        if (means.len(), deviations.len()) != (bins, bins) {
            return Some(format!(
                "it has {} means and {} deviations for {bins} features",
                means.len(),
                deviations.len()
            ));
        }
        let usable = |(mean, deviation): (&f32, &f32)| {
            mean.is_finite() && deviation.is_finite() && *deviation > 0.0
        };
        let all = means.iter().zip(deviations);
        let odd = all.clone().position(|unit| !usable(unit))?;
        Some(format!(
            "feature {odd} has the mean {} and the deviation {}",
            means[odd], deviations[odd]
        ))
    }
}

/// Sums over frames, of which means and deviations follow.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    /// The first frame: sums are relative to it, exact for constants, and no digits are lost to a large mean.
    pivot: Vec<f32>,
    sums: Vec<f64>,
    squares: Vec<f64>,
    frames: u64,
}

impl Moments {
    /// Adds every frame of features; all must have as many bins as the first.
    pub fn add(&mut self, features: FeaturesView<'_>) {
        let bins = features.bins;
        if self.pivot.is_empty() {
            self.pivot = features.values.iter().take(bins).copied().collect();
            self.sums = vec![0.0; bins];
            self.squares = vec![0.0; bins];
        }
        for row in features.values.chunks_exact(bins.max(1)) {
            let sums = self.sums.iter_mut().zip(&mut self.squares);
            for ((&value, &pivot), (sum, square)) in row.iter().zip(&self.pivot).zip(sums) {
                let value = f64::from(value) - f64::from(pivot);
                *sum += value;
                *square += value * value;
            }
            self.frames += 1;
        }
    }

    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Features of a frame; none before the first.
    pub fn bins(&self) -> usize {
        self.pivot.len()
    }

    /// Mean and population standard deviation of each feature.
    pub fn standardisation(&self) -> Standardisation {
        let frames = (self.frames as f64).max(1.0);
        let sums = self.sums.iter().zip(&self.squares);
        let units = self.pivot.iter().zip(sums).map(|(&pivot, (sum, square))| {
            let relative = sum / frames;
            let mean = f64::from(pivot) + relative;
            let deviation = (square / frames - relative * relative).max(0.0).sqrt();
            let changes = deviation > ROUNDING * mean.abs() && deviation as f32 > 0.0;
            (mean as f32, if changes { deviation as f32 } else { 1.0 })
        });
        let (means, deviations) = units.unzip();
        Standardisation { means, deviations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(bins: usize, values: &[f32]) -> Features {
        Features {
            frames: values.len() / bins,
            bins,
            values: values.to_vec(),
        }
    }

    /// NumPy 2: `a.mean(0)`, `a.std(0)` of
    /// `[[1e6, 3, -2e-7], [1e6 + 4, 3, 1e-7], [1e6 + 8, 3, 4e-7], [1e6 + 4, 3, 0]]` in 64 bits.
    #[test]
    fn means_and_deviations_are_those_of_numpy() {
        let mut moments = Moments::default();
        moments.add(features(3, &[1e6, 3.0, -2e-7, 1_000_004.0, 3.0, 1e-7]).view());
        moments.add(features(3, &[1_000_008.0, 3.0, 4e-7]).view());
        moments.add(features(3, &[1_000_004.0, 3.0, 0.0]).view());
        let found = moments.standardisation();
        assert_eq!((moments.frames(), moments.bins()), (4, 3));
        assert_eq!(found.means[..2], [1_000_004.0, 3.0]);
        assert!((found.means[2] - 7.5e-8).abs() < 1e-13);
        assert!((found.deviations[0] - 2.828_427).abs() < 1e-6);
        assert_eq!(found.deviations[1], 1.0);
        assert!((found.deviations[2] - 2.165_063_5e-7).abs() < 1e-13);
        assert_eq!(found.fault(3), None);
        let put = found.apply(features(3, &[1_000_008.0, 3.0, 4e-7]).view());
        assert!((put.values[0] - std::f32::consts::SQRT_2).abs() < 1e-6);
        assert_eq!(put.values[1], 0.0);
        assert!((put.values[2] - 1.501_110_7).abs() < 1e-5);
    }

    #[test]
    fn units_that_cannot_be_used_are_named() {
        let of = |means: &[f32], deviations: &[f32]| Standardisation {
            means: means.to_vec(),
            deviations: deviations.to_vec(),
        };
        let few = of(&[0.0], &[1.0, 1.0]).fault(2);
        assert_eq!(
            few.unwrap(),
            "it has 1 means and 2 deviations for 2 features"
        );
        let zero = of(&[0.0, 1.0], &[1.0, 0.0]).fault(2);
        assert_eq!(
            zero.unwrap(),
            "feature 1 has the mean 1 and the deviation 0"
        );
    }
}
