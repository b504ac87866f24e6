//! How well predicted numbers agree with true ones.

use serde::{Deserialize, Serialize};

/// Agreement of predictions with true numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// How many pairs were compared.
    pub pairs: usize,
    /// Concordance correlation coefficient (Lin 1989), moments with divisor n; none where predictions and truth are all
    /// one and the same number.
    pub ccc: Option<f64>,
    /// Pearson's correlation coefficient; none where predictions or truth do not vary.
    pub pearson: Option<f64>,
    /// Root of the mean squared error, in the unit of the numbers.
    pub rmse: f64,
    /// Mean absolute error, in the unit of the numbers.
    pub mae: f64,
}

impl Agreement {
    /// Of pairs of a prediction and the truth; none without pairs.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let n = pairs.len() as f64;
        let mean = |value: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(value).sum::<f64>() / n;
        let mean_x = mean(&|(x, _)| *x);
        let mean_y = mean(&|(_, y)| *y);
        let variance_x = mean(&|(x, _)| (x - mean_x).powi(2));
        let variance_y = mean(&|(_, y)| (y - mean_y).powi(2));
        let covariance = mean(&|(x, y)| (x - mean_x) * (y - mean_y));
        let denominator = variance_x + variance_y + (mean_x - mean_y).powi(2);
        let spread = (variance_x * variance_y).sqrt();
        Some(Self {
            pairs: pairs.len(),
            ccc: (denominator > 0.0).then(|| 2.0 * covariance / denominator),
            pearson: (spread > 0.0).then(|| covariance / spread),
            rmse: mean(&|(x, y)| (x - y).powi(2)).sqrt(),
            mae: mean(&|(x, y)| (x - y).abs()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `numpy.corrcoef` and the definitions, of x = [1, 2, 3, 5] and y = [1.5, 1.5, 4, 4].
    #[test]
    fn coefficients_are_those_of_their_definitions() {
        let pairs = [(1.0, 1.5), (2.0, 1.5), (3.0, 4.0), (5.0, 4.0)];
        let found = Agreement::of(&pairs).unwrap();
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        // Means 2.75 both; variances 2.1875 and 1.5625; covariance 1.5625.
        close(found.ccc.unwrap(), 2.0 * 1.5625 / 3.75);
        close(
            found.pearson.unwrap(),
            1.5625 / (2.1875_f64 * 1.5625).sqrt(),
        );
        close(found.rmse, (2.5_f64 / 4.0).sqrt());
        close(found.mae, 0.75);
    }

    #[test]
    fn what_does_not_vary_has_no_correlation() {
        let found = Agreement::of(&[(2.0, 1.0), (2.0, 3.0)]).unwrap();
        assert_eq!((found.pearson, found.ccc), (None, Some(0.0)));
        assert_eq!(Agreement::of(&[(2.0, 2.0)]).unwrap().ccc, None);
        assert!(Agreement::of(&[]).is_none());
    }
}
