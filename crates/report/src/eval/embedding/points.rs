//! Points in a space of many dimensions, one a row.

/// Row-major `[rows, width]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    width: usize,
    values: Vec<f32>,
}

impl Points {
    /// Takes `values` as rows of `width` values each; none where they do not make whole rows.
    pub fn new(width: usize, values: Vec<f32>) -> Option<Self> {
        (width > 0 && values.len().is_multiple_of(width)).then_some(Self { width, values })
    }

    /// Number of points.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Number of dimensions.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// One point.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }

    /// The points at `rows`, in that order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * self.width);
        rows.iter()
            .for_each(|&row| values.extend_from_slice(self.row(row)));
        Self {
            width: self.width,
            values,
        }
    }

    /// Mean and standard deviation of each dimension (that of scikit-learn's `StandardScaler`, without Bessel's
    /// correction); a dimension that does not vary has deviation 0.
    pub fn moments(&self) -> Moments {
        let n = self.rows().max(1) as f64;
        let mut means = vec![0.0; self.width];
        for row in self.values.chunks_exact(self.width.max(1)) {
            for (mean, &value) in means.iter_mut().zip(row) {
                *mean += f64::from(value);
            }
        }
        means.iter_mut().for_each(|mean| *mean /= n);
        let mut deviations = vec![0.0; self.width];
        for row in self.values.chunks_exact(self.width.max(1)) {
            for ((sum, &value), mean) in deviations.iter_mut().zip(row).zip(&means) {
                *sum += (f64::from(value) - mean) * (f64::from(value) - mean);
            }
        }
        deviations
            .iter_mut()
            .for_each(|sum| *sum = (*sum / n).sqrt());
        Moments { means, deviations }
    }

    /// Every dimension with mean 0 and deviation 1; dimensions that do not vary become 0.
    pub fn standardised(&self) -> Self {
        self.scaled(&self.moments())
    }

    /// Less the means, divided by the deviations of `moments`, which may be those of other points.
    pub fn scaled(&self, moments: &Moments) -> Self {
        let mut values = self.values.clone();
        for row in values.chunks_exact_mut(self.width.max(1)) {
            let moments = moments.means.iter().zip(&moments.deviations);
            for (value, (mean, deviation)) in row.iter_mut().zip(moments) {
                // What rounding leaves of a constant is no signal.
                let varies = *deviation > 1e-7 * mean.abs().max(1e-30);
                *value = match varies {
                    true => ((f64::from(*value) - mean) / deviation) as f32,
                    false => 0.0,
                };
            }
        }
        Self {
            width: self.width,
            values,
        }
    }
}

/// Mean and standard deviation of each dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Means.
    pub means: Vec<f64>,
    /// Standard deviations.
    pub deviations: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standardised_dimensions_have_mean_0_and_deviation_1_and_constants_are_0() {
        let points = Points::new(3, vec![1.0, 5.0, 0.1, 3.0, 5.0, 0.1, 8.0, 5.0, 0.1]).unwrap();
        let moments = points.standardised().moments();
        assert!(moments.means.iter().all(|mean| mean.abs() < 1e-6));
        assert!((moments.deviations[0] - 1.0).abs() < 1e-6);
        assert_eq!(moments.deviations[1..], [0.0, 0.0]);
        assert!(Points::new(2, vec![0.0; 3]).is_none());
    }
}
