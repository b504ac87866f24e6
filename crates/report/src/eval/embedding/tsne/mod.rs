//! t-SNE (van der Maaten and Hinton 2008), exact, with the same bits for a given seed whatever the threads.
//!
//! The crate bhtsne (0.7.13, well kept) was looked at first. It has no seed: its initial map comes from the system's
//! randomness unless the caller brings one. Its sums are cut as its threads happen to be free, so two
//! runs may differ; its exponentials are the platform's; and it brings FFT and CSV libraries along. Results here are keyed
//! by their inputs and must be reproducible, so the few hundred lines are our own. A map has at most some thousand
//! points, where the exact sum over all pairs, vectorised, takes seconds: the approximations of Barnes-Hut
//! (van der Maaten 2014) are not needed.

mod affinities;
mod forces;
mod start;

use pipe_foundation::Workers;

use super::{EmbeddingError, Points};

/// How a map is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tsne {
    /// Effective number of neighbours; at most a third of the other points.
    pub perplexity: f64,
    /// Steps of gradient descent, the first 250 of them with exaggerated affinities.
    pub steps: usize,
    /// Breaks the ties of points that coincide.
    pub seed: u64,
}

impl Default for Tsne {
    fn default() -> Self {
        Self {
            perplexity: 30.0,
            steps: 1000,
            seed: 1,
        }
    }
}

/// A map.
#[derive(Clone, Debug, PartialEq)]
pub struct TsneMap {
    /// Place of each point; axes have no unit.
    pub places: Vec<[f32; 2]>,
    /// Kullback-Leibler divergence of the map from the affinities, in nats.
    pub divergence: f64,
    /// The divergence after every 50th step and the last one.
    pub course: Vec<f64>,
}

/// Steps with affinities times [`EXAGGERATION`], momentum 0.5; later steps have momentum 0.8.
const EARLY: usize = 250;
const EXAGGERATION: f32 = 12.0;
/// Bounds of each coordinate's gain.
const SMALLEST_GAIN: f32 = 0.01;

impl Tsne {
    /// The largest perplexity that `points` points allow, that of van der Maaten's implementation.
    fn largest_perplexity(points: usize) -> f64 {
        points.saturating_sub(1) as f64 / 3.0
    }

    /// Maps points to the plane; distances are Euclidean.
    ///
    /// The map starts from the first two principal components, scaled to deviation 1e-4 (Kobak and Berens 2019). The
    /// schedule is that of scikit-learn's `TSNE`: exaggeration 12 for 250 steps, learning rate max(n / 48, 50),
    /// gains, momentum 0.5 and then 0.8. `advance` is called with the steps done and their number.
    ///
    /// # Errors
    /// [`EmbeddingError::Perplexity`] where there are too few points, [`EmbeddingError::Stopped`] once `stop` returns true.
    pub fn map(
        &self,
        points: &Points,
        workers: &Workers,
        stop: &(dyn Fn() -> bool + Sync),
        advance: &dyn Fn(u64, u64),
    ) -> Result<TsneMap, EmbeddingError> {
        let count = points.rows();
        let largest = Self::largest_perplexity(count);
        if self.perplexity > largest {
            return Err(EmbeddingError::Perplexity {
                perplexity: self.perplexity,
                points: count,
                largest,
            });
        }
        let affinities = affinities::symmetric(points, self.perplexity, workers, stop)?;
        let (mut x, mut y) = start::principal(points, self.seed);
        let rate = (count as f32 / EXAGGERATION / 4.0).max(50.0);
        let mut gains = vec![[1.0f32; 2]; count];
        let mut velocities = vec![[0.0f32; 2]; count];
        let mut course = Vec::new();
        for step in 0..self.steps {
            if stop() {
                return Err(EmbeddingError::Stopped);
            }
            let early = step < EARLY;
            let exaggeration = if early { EXAGGERATION } else { 1.0 };
            let momentum = if early { 0.5 } else { 0.8 };
            let gradient = forces::gradient(&affinities, &x, &y, exaggeration, workers);
            for (i, slope) in gradient.iter().enumerate() {
                for (axis, place) in [&mut x[i], &mut y[i]].into_iter().enumerate() {
                    let (gain, velocity) = (&mut gains[i][axis], &mut velocities[i][axis]);
                    // Faster while a coordinate keeps going down the gradient, slower once it went up.
                    *gain = match (slope[axis] > 0.0) == (*velocity > 0.0) {
                        true => (*gain * 0.8).max(SMALLEST_GAIN),
                        false => *gain + 0.2,
                    };
                    *velocity = momentum * *velocity - rate * *gain * slope[axis];
                    *place += *velocity;
                }
            }
            centre(&mut x);
            centre(&mut y);
            if (step + 1) % 50 == 0 || step + 1 == self.steps {
                course.push(forces::divergence(&affinities, &x, &y, workers));
                advance(step as u64 + 1, self.steps as u64);
            }
        }
        let divergence = match course.last() {
            Some(&last) => last,
            None => forces::divergence(&affinities, &x, &y, workers),
        };
        Ok(TsneMap {
            places: x.into_iter().zip(y).map(|(x, y)| [x, y]).collect(),
            divergence,
            course,
        })
    }
}

/// Takes the mean away, which no distance depends on.
fn centre(values: &mut [f32]) {
    let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
    let mean = (sum / values.len().max(1) as f64) as f32;
    values.iter_mut().for_each(|value| *value -= mean);
}

#[cfg(test)]
mod tests;
