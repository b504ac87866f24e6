//! Functionals: one vector for a recording, of statistics of each feature over its frames. What a linear model takes.

use pipe_foundation::Features;
use pipe_foundation::progress::{Interrupted, Progress};
use serde::{Deserialize, Serialize};

/// A statistic of one feature over the frames of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The mean (`numpy.mean`).
    Mean,
    /// The standard deviation of the population (`numpy.std`); 0 for one frame.
    Deviation,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The largest value less the smallest.
    Range,
    /// The slope of the line that fits best by least squares, by which the feature rises from one frame to the next
    /// (`numpy.polyfit` of degree 1); 0 for one frame.
    Slope,
    /// The third standardised moment (`scipy.stats.skew`); 0 where all values are the same.
    Skewness,
    /// The fourth standardised moment less 3 (`scipy.stats.kurtosis`); 0 where all values are the same.
    Kurtosis,
}

impl Statistic {
    /// Names in manifests.
    pub const NAMES: &'static [&'static str] = &[
        "mean",
        "deviation",
        "min",
        "max",
        "range",
        "slope",
        "skewness",
        "kurtosis",
    ];

    /// That of values over time, of which there is at least one.
    fn of(self, values: &[f64], sorted: &[f64]) -> f64 {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let moment = |power: i32| {
            values
                .iter()
                .map(|value| (value - mean).powi(power))
                .sum::<f64>()
                / count
        };
        // As much as rounding makes of equal values.
        let is_constant = || sorted.first() == sorted.last();
        match self {
            Self::Mean => mean,
            Self::Deviation if is_constant() => 0.0,
            Self::Deviation => moment(2).sqrt(),
            Self::Min => sorted.first().copied().unwrap_or_default(),
            Self::Max => sorted.last().copied().unwrap_or_default(),
            Self::Range => Self::Max.of(values, sorted) - Self::Min.of(values, sorted),
            Self::Slope => slope(values, mean),
            Self::Skewness | Self::Kurtosis if is_constant() => 0.0,
            Self::Skewness => moment(3) / moment(2).powf(1.5),
            Self::Kurtosis => moment(4) / moment(2).powi(2) - 3.0,
        }
    }
}

fn slope(values: &[f64], mean: f64) -> f64 {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let (mut products, mut squares) = (0.0, 0.0);
    for (frame, value) in values.iter().enumerate() {
        let from_middle = frame as f64 - middle;
        products += from_middle * (value - mean);
        squares += from_middle * from_middle;
    }
    match squares > 0.0 {
        true => products / squares,
        false => 0.0,
    }
}

/// Which functionals are computed, in which order: all features of the first statistic, then of the second, and so on, then
/// of each percentile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Functionals {
    /// Statistics.
    pub statistics: Vec<Statistic>,
    /// Percentiles, from 0 to 100, between values by linear interpolation (`numpy.percentile`).
    pub percentiles: Vec<f64>,
}

impl Default for Functionals {
    fn default() -> Self {
        Self {
            statistics: vec![Statistic::Mean, Statistic::Deviation],
            percentiles: Vec::new(),
        }
    }
}

impl Functionals {
    /// The functionals of features `[frames, bins]` as `[1, functionals * bins]`; none where there are no frames.
    ///
    /// # Errors
    /// Soon after `progress` says to stop.
    pub fn of(
        &self,
        features: &Features,
        progress: &dyn Progress,
    ) -> Result<Option<Features>, Interrupted> {
        let Features {
            frames,
            bins,
            ref values,
        } = *features;
        let column = |bin| -> Result<Vec<f64>, Interrupted> {
            progress.check()?;
            let column = values.iter().skip(bin).step_by(bins);
            Ok(column.map(|&value| f64::from(value)).collect())
        };
        self.of_columns(frames, bins, column)
    }

    /// As [`Self::of`], of features whose columns, each of at least one frame, are given one after another.
    ///
    /// # Errors
    /// Those of `column`.
    pub fn of_columns<E>(
        &self,
        frames: usize,
        bins: usize,
        mut column: impl FnMut(usize) -> Result<Vec<f64>, E>,
    ) -> Result<Option<Features>, E> {
        let functionals = self.statistics.len() + self.percentiles.len();
        if frames == 0 || functionals == 0 {
            return Ok(None);
        }
        let mut found = vec![0.0; functionals * bins];
        for bin in 0..bins {
            let column = column(bin)?;
            let mut sorted = column.clone();
            sorted.sort_by(f64::total_cmp);
            let statistics = self
                .statistics
                .iter()
                .map(|statistic| statistic.of(&column, &sorted));
            let percentiles = self
                .percentiles
                .iter()
                .map(|&percent| percentile(&sorted, percent));
            for (functional, value) in statistics.chain(percentiles).enumerate() {
                found[functional * bins + bin] = value as f32;
            }
        }
        Ok(Some(Features {
            frames: 1,
            bins: functionals * bins,
            values: found,
        }))
    }
}

/// A percentile of sorted values, of which there is at least one.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let place = (percent / 100.0).clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    let part = place - place.floor();
    sorted[below] + part * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use pipe_foundation::progress::Silent;

    use super::*;

    fn features(frames: usize, values: &[f32]) -> Features {
        Features {
            frames,
            bins: values.len() / frames,
            values: values.to_vec(),
        }
    }

    fn all() -> Functionals {
        let statistics = serde_json::to_value(Statistic::NAMES).unwrap();
        Functionals {
            statistics: serde_json::from_value(statistics).unwrap(),
            percentiles: vec![0.0, 10.0, 50.0, 99.0, 100.0],
        }
    }

    fn of(functionals: &Functionals, features: &Features) -> Option<Features> {
        functionals.of(features, &Silent).unwrap()
    }

    /// Numbers of NumPy 2.4 and SciPy 1.17: `tests/golden/functionals.py`.
    #[test]
    fn functionals_are_those_of_numpy_and_scipy() {
        const EXPECTED: &str = include_str!("../../tests/golden/functionals.json");
        let golden: serde_json::Value = serde_json::from_str(EXPECTED).unwrap();
        let numbers =
            |name: &str| -> Vec<f32> { serde_json::from_value(golden[name].clone()).unwrap() };
        let frames = golden["frames"].as_u64().unwrap() as usize;
        let found = of(&all(), &features(frames, &numbers("values"))).unwrap();
        let expected = numbers("functionals");
        assert_eq!(found.values.len(), expected.len());
        for (place, (found, expected)) in found.values.iter().zip(&expected).enumerate() {
            assert!(
                (found - expected).abs() <= 1e-6 * expected.abs().max(1.0),
                "{place}: {found} {expected}"
            );
        }
    }

    #[test]
    fn one_frame_and_equal_frames_have_no_spread() {
        for frames in [1, 3] {
            let found = of(&all(), &features(frames, &vec![0.1; frames])).unwrap();
            let expected = [
                0.1, 0.0, 0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1,
            ];
            for (found, expected) in found.values.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-7, "{found} {expected}");
            }
        }
        assert_eq!(
            of(
                &all(),
                &Features {
                    frames: 0,
                    bins: 2,
                    values: Vec::new()
                }
            ),
            None
        );
    }

    #[test]
    fn the_default_is_mean_and_deviation_of_every_feature() {
        let found = of(
            &Functionals::default(),
            &features(2, &[1.0, 10.0, 3.0, 10.0]),
        )
        .unwrap();
        assert_eq!(found, features(1, &[2.0, 10.0, 1.0, 0.0]));
    }
}
