//! The penalised loss of a logistic regression and its gradient.

use pipe_foundation::exact;
use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

use super::super::Points;

/// Points whose products are summed in single precision before they enter a double-precision sum.
const BLOCK: usize = 256;

/// Mean weighted loss plus penalty, over weights `[width, classes]` followed by intercepts `[classes]`.
pub(super) struct Objective<'a> {
    points: &'a Points,
    labels: &'a [usize],
    classes: usize,
    sample_weights: Vec<f64>,
    total_weight: f64,
    penalty: f64,
    single: Vec<f32>,
    scores: Vec<f32>,
    residuals: Vec<f32>,
    product: Vec<f32>,
    packed: Packed,
}

impl<'a> Objective<'a> {
    pub(super) fn new(
        points: &'a Points,
        labels: &'a [usize],
        classes: usize,
        sample_weights: Vec<f64>,
        c: f64,
    ) -> Self {
        let total_weight: f64 = sample_weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        Self {
            points,
            labels,
            classes,
            sample_weights,
            total_weight,
            penalty: 1.0 / (c * total_weight),
            single: Vec::new(),
            scores: vec![0.0; BLOCK * classes],
            residuals: vec![0.0; BLOCK * classes],
            product: vec![0.0; points.width() * classes],
            packed: Packed::default(),
        }
    }

    /// The value at `at`; its gradient is written.
    pub(super) fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> f64 {
        let (width, classes) = (self.points.width(), self.classes);
        let (weights, intercepts) = at.split_at(width * classes);
        self.single.clear();
        self.single
            .extend(weights.iter().map(|&weight| weight as f32));
        let mut right = Packed::default();
        right.pack(&self.single, width, classes, classes, 1);
        gradient.fill(0.0);
        let mut loss = 0.0;
        let mut row_scores = vec![0.0f64; classes];
        for first in (0..self.points.rows()).step_by(BLOCK) {
            let rows = BLOCK.min(self.points.rows() - first);
            let block = &self.points.values()[first * width..][..rows * width];
            multiply(rows, block, width, &right, &mut self.scores, classes, false);
            for row in 0..rows {
                let scores = &self.scores[row * classes..][..classes];
                let label = self.labels[first + row];
                let weight = self.sample_weights[first + row];
                let mut largest = f64::NEG_INFINITY;
                for ((wide, &score), intercept) in row_scores.iter_mut().zip(scores).zip(intercepts)
                {
                    *wide = f64::from(score) + intercept;
                    largest = largest.max(*wide);
                }
                let own = row_scores.get(label).copied().unwrap_or(largest);
                row_scores
                    .iter_mut()
                    .for_each(|score| *score = exact::exp(*score - largest));
                let sum: f64 = row_scores.iter().sum();
                loss += weight * (exact::ln(sum) + largest - own);
                let residuals = &mut self.residuals[row * classes..][..classes];
                for (class, (residual, exp)) in residuals.iter_mut().zip(&row_scores).enumerate() {
                    let difference = weight * (exp / sum - f64::from(class == label));
                    *residual = difference as f32;
                    gradient[width * classes + class] += difference;
                }
            }
            self.packed.pack(&self.residuals, rows, classes, classes, 1);
            multiply_transposed(
                width,
                block,
                width,
                &self.packed,
                &mut self.product,
                classes,
                false,
            );
            for (sum, &part) in gradient.iter_mut().zip(&self.product) {
                *sum += f64::from(part);
            }
        }
        gradient
            .iter_mut()
            .for_each(|value| *value /= self.total_weight);
        let mut squares = 0.0;
        for (slope, weight) in gradient.iter_mut().zip(weights) {
            *slope += self.penalty * weight;
            squares += weight * weight;
        }
        loss / self.total_weight + 0.5 * self.penalty * squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let (rows, width, classes) = (300, 5, 3);
        let values: Vec<f32> = (0..rows * width)
            .map(|i| ((i * 7919 % 211) as f32 - 105.0) / 60.0)
            .collect();
        let points = Points::new(width, values).unwrap();
        let labels: Vec<usize> = (0..rows).map(|i| i * i % 7 % classes).collect();
        let weights: Vec<f64> = (0..rows).map(|i| 0.5 + (i % 3) as f64).collect();
        let mut objective = Objective::new(&points, &labels, classes, weights, 0.05);
        let at: Vec<f64> = (0..(width + 1) * classes)
            .map(|i| ((i * 31 % 17) as f64 - 8.0) / 10.0)
            .collect();
        let mut gradient = vec![0.0; at.len()];
        objective.evaluate(&at, &mut gradient);
        for i in 0..at.len() {
            let mut value = |step: f64| {
                let mut moved = at.clone();
                moved[i] += step;
                objective.evaluate(&moved, &mut vec![0.0; at.len()])
            };
            let slope = (value(1e-3) - value(-1e-3)) / 2e-3;
            assert!(
                (slope - gradient[i]).abs() < 2e-4,
                "{i}: {slope} and {}",
                gradient[i]
            );
        }
    }
}
