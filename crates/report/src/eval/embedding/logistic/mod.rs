//! Regularised multinomial logistic regression.

mod lbfgs;
mod objective;

use super::{EmbeddingError, Points};

use lbfgs::{Lbfgs, minimise};
use objective::Objective;
use pipe_foundation::exact;

/// How a regression is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticOptions {
    /// Inverse strength of the L2 penalty, scikit-learn's `C`: the fit minimises
    /// `sum_i s_i loss_i + |W|² / (2 C)`; intercepts are not penalised.
    pub c: f64,
    /// Most steps.
    pub steps: usize,
    /// It ends once no partial derivative of the objective, divided by the sum of the weights, is larger.
    pub tolerance: f64,
}

impl Default for LogisticOptions {
    fn default() -> Self {
        Self {
            c: 0.1,
            steps: 500,
            tolerance: 1e-5,
        }
    }
}

/// A fitted classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// `[width, classes]` row-major.
    pub weights: Vec<f64>,
    /// One for each class.
    pub intercepts: Vec<f64>,
    /// Steps that the fit took.
    pub steps: usize,
    /// True where the tolerance was met.
    pub converged: bool,
}

impl Logistic {
    /// Fits to points with labels below `classes`. Classes weigh the same whatever their number of points
    /// (scikit-learn's `class_weight="balanced"`).
    ///
    /// Products are single precision with one order of additions, sums over blocks of points double; the objective is
    /// convex, so the minimum is one. Minimised by L-BFGS (Liu and Nocedal 1989).
    ///
    /// # Errors
    /// [`EmbeddingError::Stopped`] once `stop` returns true.
    pub fn fit(
        points: &Points,
        labels: &[usize],
        classes: usize,
        options: &LogisticOptions,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, EmbeddingError> {
        let mut counts = vec![0usize; classes];
        for &label in labels.iter().filter(|label| **label < classes) {
            counts[label] += 1;
        }
        let known = counts.iter().filter(|count| **count > 0).count().max(1) as f64;
        let weights: Vec<f64> = labels
            .iter()
            .map(|&label| match counts.get(label) {
                Some(&count) if count > 0 => labels.len() as f64 / (known * count as f64),
                _ => 0.0,
            })
            .collect();
        let mut objective = Objective::new(points, labels, classes, weights, options.c);
        let start = vec![0.0; (points.width() + 1) * classes];
        let found = minimise(
            start,
            &Lbfgs {
                memory: 10,
                steps: options.steps,
                tolerance: options.tolerance,
            },
            |at, gradient| objective.evaluate(at, gradient),
            stop,
        );
        if stop() {
            return Err(EmbeddingError::Stopped);
        }
        let mut values = found.at;
        let intercepts = values.split_off(points.width() * classes);
        Ok(Self {
            weights: values,
            intercepts,
            steps: found.steps,
            converged: found.converged,
        })
    }

    /// Probabilities `[rows, classes]` of points.
    pub fn probabilities(&self, points: &Points) -> Vec<f64> {
        let classes = self.intercepts.len();
        let mut out = Vec::with_capacity(points.rows() * classes);
        for row in 0..points.rows() {
            let mut scores = self.intercepts.clone();
            for (&x, weights) in points
                .row(row)
                .iter()
                .zip(self.weights.chunks_exact(classes.max(1)))
            {
                for (score, weight) in scores.iter_mut().zip(weights) {
                    *score += f64::from(x) * weight;
                }
            }
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            scores
                .iter_mut()
                .for_each(|score| *score = exact::exp(*score - largest));
            let sum: f64 = scores.iter().sum();
            out.extend(scores.iter().map(|score| score / sum));
        }
        out
    }

    /// The most probable class of each point; the first of equals.
    pub fn classify(&self, points: &Points) -> Vec<usize> {
        let classes = self.intercepts.len().max(1);
        self.probabilities(points)
            .chunks_exact(classes)
            .map(|row| {
                (1..row.len()).fold(
                    0,
                    |best, class| if row[class] > row[best] { class } else { best },
                )
            })
            .collect()
    }
}
