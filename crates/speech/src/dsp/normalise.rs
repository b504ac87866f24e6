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
    let mut moments = Moments::new(features.bins);
    moments.add(&features.values);
    if let Some(normaliser) = moments.normaliser(normalisation) {
        normaliser.apply(&mut features.values);
    }
}

/// Sums over the frames of an utterance, which may come in blocks.
#[derive(Clone, Debug)]
pub struct Moments {
    bins: usize,
    /// The first frame. Sums are taken relative to it: exact for constants, and no digits are lost to a large mean.
    pivot: Vec<f32>,
    frames: u64,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    /// Those of no frames.
    pub fn new(bins: usize) -> Self {
        Self {
            bins,
            pivot: Vec::new(),
            frames: 0,
            sums: vec![0.0; bins],
            squares: vec![0.0; bins],
        }
    }

    /// Adds the next frames, `[frames, bins]`.
    pub fn add(&mut self, values: &[f32]) {
        if self.bins == 0 || values.len() < self.bins {
            return;
        }
        if self.pivot.is_empty() {
            self.pivot = values[..self.bins].to_vec();
        }
        for row in values.chunks_exact(self.bins) {
            let sums = self.sums.iter_mut().zip(&mut self.squares);
            for ((&value, &pivot), (sum, square)) in row.iter().zip(&self.pivot).zip(sums) {
                let value = f64::from(value) - f64::from(pivot);
                *sum += value;
                *square += value * value;
            }
        }
        self.frames += (values.len() / self.bins) as u64;
    }

    /// What normalises these frames; none where they stay as they are.
    pub fn normaliser(self, normalisation: Normalisation) -> Option<Normaliser> {
        if normalisation == Normalisation::None || self.frames == 0 {
            return None;
        }
        let frames = self.frames as f64;
        let means: Vec<f64> = self.sums.iter().map(|sum| sum / frames).collect();
        let scales = match normalisation {
            Normalisation::MeanVariance => (self.squares.iter().zip(&means))
                .map(|(square, mean)| (square / frames - mean * mean).max(0.0).sqrt())
                .map(|deviation| 1.0 / deviation.max(MIN_DEVIATION))
                .collect(),
            _ => vec![1.0; self.bins],
        };
        Some(Normaliser {
            pivot: self.pivot,
            means,
            scales,
        })
    }
}

/// What is subtracted from the frames of an utterance, and what they are multiplied by.
#[derive(Clone, Debug)]
pub struct Normaliser {
    pivot: Vec<f32>,
    /// Relative to the pivot.
    means: Vec<f64>,
    scales: Vec<f64>,
}

impl Normaliser {
    /// Normalises whole frames of the utterance, `[frames, bins]`, in place.
    pub fn apply(&self, values: &mut [f32]) {
        for row in values.chunks_exact_mut(self.pivot.len()) {
            let means = self.means.iter().zip(&self.scales);
            for ((value, &pivot), (mean, scale)) in row.iter_mut().zip(&self.pivot).zip(means) {
                *value = ((f64::from(*value) - f64::from(pivot) - mean) * scale) as f32;
            }
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
    fn frames_that_come_in_blocks_are_normalised_as_those_that_are_held() {
        let values: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32 * 0.37).collect();
        for normalisation in [Normalisation::Mean, Normalisation::MeanVariance] {
            let mut whole = features(3, values.clone());
            normalise(&mut whole, normalisation);
            let mut moments = Moments::new(3);
            values.chunks(51).for_each(|block| moments.add(block));
            let normaliser = moments.normaliser(normalisation).unwrap();
            let mut blocks = values.clone();
            blocks
                .chunks_mut(33)
                .for_each(|block| normaliser.apply(block));
            assert_eq!(blocks, whole.values);
        }
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
