//! Axes: values to places, and round ticks.

/// A linear axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// An axis on which `low` lies at `from` and `high` at `to`.
    pub(super) fn new(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self {
            low,
            high,
            from,
            to,
        }
    }

    /// The place of a value; values beyond the ends lie on them, and `low` takes those that are not numbers.
    pub(super) fn at(&self, value: f64) -> f64 {
        let width = self.high - self.low;
        let share = if width > 0.0 && value.is_finite() {
            ((value - self.low) / width).clamp(0.0, 1.0)
        } else {
            0.0
        };
        self.from + share * (self.to - self.from)
    }
}

/// Round numbers that enclose all finite `values`, about `count` of them; at least two, in rising order.
pub(super) fn ticks(values: impl Iterator<Item = f64>, count: usize) -> Vec<f64> {
    let (mut low, mut high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        (low, high) = (0.0, 1.0);
    }
    // What differs by rounding alone is the same; around 0, the labels stay short.
    if high - low < 1e-3 * low.abs().max(1e-3) {
        let half = match low.abs() < 0.1 {
            true => 0.5,
            false => 0.05 * low.abs(),
        };
        (low, high) = (low - half, high + half);
    }
    let rough = (high - low) / count.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * power);
    let first = (low / step + 1e-9).floor() as i64;
    let last = (high / step - 1e-9).ceil() as i64;
    (first..=last.max(first + 1))
        .take(100)
        .map(|tick| tick as f64 * step)
        .collect()
}

/// How many decimals the labels of `ticks`, each times `factor`, need to be exact; at least `least`.
pub(super) fn decimals(ticks: &[f64], factor: f64, least: usize) -> usize {
    const MOST: usize = 6;
    let is_exact = |decimals: usize| {
        let scale = factor * 10f64.powi(decimals as i32);
        ticks.iter().all(|tick| {
            let scaled = tick * scale;
            (scaled - scaled.round()).abs() < 1e-6
        })
    };
    (least..MOST)
        .find(|&decimals| is_exact(decimals))
        .unwrap_or(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_enclose() {
        let near = |found: Vec<f64>, wanted: &[f64]| {
            assert_eq!(found.len(), wanted.len(), "{found:?}");
            for (a, b) in found.iter().zip(wanted) {
                assert!((a - b).abs() < 1e-9, "{found:?}");
            }
        };
        near(ticks([0.34, 0.57].into_iter(), 4), &[0.3, 0.4, 0.5, 0.6]);
        near(ticks([0.0, 1.0].into_iter(), 4), &[0.0, 0.5, 1.0]);
        near(ticks([-0.11, 0.37].into_iter(), 4), &[-0.2, 0.0, 0.2, 0.4]);
        for values in [
            vec![],
            vec![f64::NAN],
            vec![2.0, 2.0],
            vec![0.0],
            vec![-5.0, 1e9],
        ] {
            let found = ticks(values.iter().copied(), 4);
            assert!(found.len() >= 2 && found.is_sorted(), "{found:?}");
            for value in values.iter().filter(|value| value.is_finite()) {
                assert!(found[0] <= *value && *value <= found[found.len() - 1]);
            }
        }
    }

    #[test]
    fn ticks_that_differ_have_labels_that_differ() {
        assert_eq!(decimals(&[0.3, 0.4, 0.5], 100.0, 0), 0);
        assert_eq!(decimals(&[0.505, 0.51, 0.515], 100.0, 0), 1);
        assert_eq!(decimals(&[0.0, 0.25, 0.5], 1.0, 1), 2);
        assert_eq!(decimals(&[0.0, 1.0], 1.0, 1), 1);
        // Of scores that differ by rounding alone, and of zeros.
        assert_eq!(
            decimals(&ticks([1.0 / 3.0, 0.333_333_35].into_iter(), 4), 100.0, 0),
            0
        );
        assert_eq!(decimals(&ticks([0.0, 0.0].into_iter(), 4), 1.0, 1), 1);
        for values in [[0.5012, 0.5047], [0.31, 0.317], [0.0, 0.0004], [0.2, 0.9]] {
            let found = ticks(values.into_iter(), 4);
            let decimals = decimals(&found, 100.0, 0);
            let labels = found
                .iter()
                .map(|tick| format!("{:.decimals$}", 100.0 * tick));
            let mut labels: Vec<String> = labels.collect();
            labels.dedup();
            assert_eq!(labels.len(), found.len(), "{labels:?}");
        }
    }

    #[test]
    fn places_stay_on_the_axis() {
        let axis = Scale::new(0.0, 2.0, 10.0, 110.0);
        assert_eq!(axis.at(1.0), 60.0);
        assert_eq!(axis.at(9.0), 110.0);
        assert_eq!(axis.at(f64::NAN), 10.0);
        assert_eq!(Scale::new(1.0, 1.0, 5.0, 9.0).at(1.0), 5.0);
    }
}
