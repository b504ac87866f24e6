//! Uncertainty of recalls and of their mean, from the number of utterances alone.
//!
//! Utterances count as independent draws. Those of one speaker are not, so true intervals are wider where
//! speakers are few.

use serde::{Deserialize, Serialize};

/// The 97.5 % quantile of the normal distribution.
const Z95: f64 = 1.959_963_984_540_054;

/// A two-sided 95 % confidence interval of a proportion, within 0..=1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The Wilson score interval of `hits` in `total` draws (Wilson 1927); 0..=1 where there are none.
///
/// Unlike the interval of the standard error it does not shrink to nothing at 0 and 1.
fn wilson(hits: u64, total: u64) -> Interval {
    if total == 0 {
        return Interval {
            low: 0.0,
            high: 1.0,
        };
    }
    let n = total as f64;
    let p = hits as f64 / n;
    let z2 = Z95 * Z95;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    Interval {
        // Rounding must not leave an end beside the estimate that it touches.
        low: (centre - half).clamp(0.0, p),
        high: (centre + half).clamp(p, 1.0),
    }
}

/// The interval of the mean of independent proportions `(hits, total)`, none of them empty.
///
/// Zou and Donner (2008), "MOVER": the Wilson intervals of the parts are combined so that the distance of
/// each end from the mean is the root of the summed squared distances. `None` where `parts` is empty.
pub fn mean_of_proportions(parts: &[(u64, u64)]) -> Option<Interval> {
    if parts.is_empty() || parts.iter().any(|&(_, total)| total == 0) {
        return None;
    }
    let (mut mean, mut below, mut above) = (0.0, 0.0, 0.0);
    for &(hits, total) in parts {
        let p = hits as f64 / total as f64;
        let Interval { low, high } = wilson(hits, total);
        mean += p;
        below += (p - low) * (p - low);
        above += (high - p) * (high - p);
    }
    let n = parts.len() as f64;
    Some(Interval {
        low: ((mean - below.sqrt()) / n).max(0.0),
        high: ((mean + above.sqrt()) / n).min(1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_agrees_with_the_textbook() {
        // Newcombe (1998), table I, method 3.
        for (hits, total, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = wilson(hits, total);
            assert!((found.low - low).abs() < 5e-5, "{hits}/{total}: {found:?}");
            assert!(
                (found.high - high).abs() < 5e-5,
                "{hits}/{total}: {found:?}"
            );
        }
    }

    #[test]
    fn mean_of_one_is_wilson_and_of_many_is_narrower() {
        let one = mean_of_proportions(&[(15, 148)]).expect("not empty");
        let wilson = wilson(15, 148);
        assert!((one.low - wilson.low).abs() < 1e-12 && (one.high - wilson.high).abs() < 1e-12);
        let many = mean_of_proportions(&[(15, 148); 4]).expect("not empty");
        assert!(((many.high - many.low) * 2.0 - (one.high - one.low)).abs() < 1e-12);
        assert_eq!(mean_of_proportions(&[]), None);
        assert_eq!(mean_of_proportions(&[(0, 0)]), None);
    }

    #[test]
    fn a_collapsed_classifier_keeps_some_uncertainty() {
        let Interval { low, high } =
            mean_of_proportions(&[(0, 800), (0, 400), (1600, 1600)]).expect("not empty");
        assert!(low < 1.0 / 3.0 && 1.0 / 3.0 < high && high - low < 0.01);
    }
}
