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
        PairMoments::of(pairs)?.agreement()
    }
}

/// What the agreement of some pairs needs to know of them, so that the agreement of several sets of pairs together can be had
/// without the pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PairMoments {
    /// How many pairs there are.
    pub pairs: usize,
    /// Mean of the predictions.
    pub mean_x: f64,
    /// Mean of the truths.
    pub mean_y: f64,
    /// Sum of the squared differences of predictions from their mean.
    pub squares_x: f64,
    /// The same of the truths.
    pub squares_y: f64,
    /// Sum of the products of both differences.
    pub products: f64,
    /// Sum of the squared errors.
    pub squared_errors: f64,
    /// Sum of the absolute errors.
    pub absolute_errors: f64,
}

impl PairMoments {
    /// Of pairs of a prediction and the truth; none without pairs.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let sum = |value: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(value).sum::<f64>();
        let n = pairs.len() as f64;
        let mean_x = sum(&|(x, _)| *x) / n;
        let mean_y = sum(&|(_, y)| *y) / n;
        Some(Self {
            pairs: pairs.len(),
            mean_x,
            mean_y,
            squares_x: sum(&|(x, _)| (x - mean_x).powi(2)),
            squares_y: sum(&|(_, y)| (y - mean_y).powi(2)),
            products: sum(&|(x, y)| (x - mean_x) * (y - mean_y)),
            squared_errors: sum(&|(x, y)| (x - y).powi(2)),
            absolute_errors: sum(&|(x, y)| (x - y).abs()),
        })
    }

    /// Adds other pairs (Chan, Golub and LeVeque 1979, equation 1.5, and its twin for products).
    pub fn add(&mut self, other: &Self) {
        let (own, others) = (self.pairs as f64, other.pairs as f64);
        let all = own + others;
        if all == 0.0 {
            return;
        }
        let (apart_x, apart_y) = (other.mean_x - self.mean_x, other.mean_y - self.mean_y);
        let weight = own * others / all;
        self.pairs += other.pairs;
        self.mean_x += apart_x * others / all;
        self.mean_y += apart_y * others / all;
        self.squares_x += other.squares_x + apart_x * apart_x * weight;
        self.squares_y += other.squares_y + apart_y * apart_y * weight;
        self.products += other.products + apart_x * apart_y * weight;
        self.squared_errors += other.squared_errors;
        self.absolute_errors += other.absolute_errors;
    }

    /// Concordance correlation coefficient; none where predictions and truth are all one and the same number.
    pub fn ccc(&self) -> Option<f64> {
        let n = self.pairs as f64;
        let apart = (self.mean_x - self.mean_y).powi(2);
        let denominator = self.squares_x / n + self.squares_y / n + apart;
        (denominator > 0.0).then(|| 2.0 * (self.products / n) / denominator)
    }

    /// The agreement; none without pairs.
    pub fn agreement(&self) -> Option<Agreement> {
        if self.pairs == 0 {
            return None;
        }
        let n = self.pairs as f64;
        let spread = ((self.squares_x / n) * (self.squares_y / n)).sqrt();
        Some(Agreement {
            pairs: self.pairs,
            ccc: self.ccc(),
            pearson: (spread > 0.0).then(|| self.products / n / spread),
            rmse: (self.squared_errors / n).sqrt(),
            mae: self.absolute_errors / n,
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

    /// Far from zero, where sums of squares would cancel.
    #[test]
    fn moments_of_parts_add_up_to_those_of_the_whole() {
        let pairs: Vec<(f64, f64)> = (0..50)
            .map(|at| (1e6 + f64::from(at % 7), 1e6 + f64::from(at % 5) * 1.5))
            .collect();
        let whole = Agreement::of(&pairs).unwrap();
        for cut in [0, 1, 20, 49, 50] {
            let mut sum = PairMoments::default();
            for part in [&pairs[..cut], &pairs[cut..]] {
                if let Some(moments) = PairMoments::of(part) {
                    sum.add(&moments);
                }
            }
            sum.add(&PairMoments::default());
            let found = sum.agreement().unwrap();
            assert_eq!(found.pairs, 50);
            let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{cut}: {a} {b}");
            close(found.ccc.unwrap(), whole.ccc.unwrap());
            close(found.pearson.unwrap(), whole.pearson.unwrap());
            close(found.rmse, whole.rmse);
            close(found.mae, whole.mae);
        }
        assert_eq!(PairMoments::default().agreement(), None);
    }
}
