//! Limited-memory BFGS for smooth convex functions.

use std::collections::VecDeque;

/// How it searches.
pub(super) struct Lbfgs {
    /// Pairs of steps and gradient differences it remembers.
    pub memory: usize,
    /// Most steps.
    pub steps: usize,
    /// It ends once no partial derivative is larger.
    pub tolerance: f64,
}

/// Where it ended.
pub(super) struct Minimum {
    /// The point.
    pub at: Vec<f64>,
    /// Steps taken.
    pub steps: usize,
    /// True where the tolerance was met.
    pub converged: bool,
}

/// Sufficient decrease and curvature of the weak Wolfe conditions.
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
/// Rounding of a value, as a fraction of it: products are single precision.
const NOISE: f64 = 1e-6;
/// Most evaluations in one line search.
const TRIALS: usize = 30;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Minimises `evaluate`, which returns the value and writes the gradient (Liu and Nocedal 1989; line search by
/// bisection after Lewis and Overton 2013). Ends early, with the best point so far, where rounding leaves no descent
/// or `stop` returns true.
pub(super) fn minimise(
    start: Vec<f64>,
    options: &Lbfgs,
    mut evaluate: impl FnMut(&[f64], &mut [f64]) -> f64,
    stop: &dyn Fn() -> bool,
) -> Minimum {
    let mut at = start;
    let mut gradient = vec![0.0; at.len()];
    let mut value = evaluate(&at, &mut gradient);
    let mut memory: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::new();
    let mut trial = at.clone();
    let mut trial_gradient = gradient.clone();
    for steps in 0..options.steps {
        let largest = gradient
            .iter()
            .fold(0.0f64, |most, slope| most.max(slope.abs()));
        if largest <= options.tolerance || stop() {
            return Minimum {
                at,
                steps,
                converged: largest <= options.tolerance,
            };
        }
        let direction = direction(&gradient, &memory);
        let slope = dot(&gradient, &direction);
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut length = match memory.is_empty() {
            true => 1.0 / dot(&gradient, &gradient).sqrt().max(1.0),
            false => 1.0,
        };
        let mut found = None;
        for _ in 0..TRIALS {
            for ((trial, at), direction) in trial.iter_mut().zip(&at).zip(&direction) {
                *trial = at + length * direction;
            }
            let trial_value = evaluate(&trial, &mut trial_gradient);
            let trial_slope = dot(&trial_gradient, &direction);
            // Near the minimum the value changes by less than its rounding; there the slope decides (the approximate
            // Wolfe conditions of Hager and Zhang 2005). NaN counts as too far.
            let lower = trial_value <= value + DECREASE * length * slope
                || (trial_value <= value + NOISE * value.abs()
                    && trial_slope <= (2.0 * DECREASE - 1.0) * slope);
            if lower {
                found = Some(trial_value);
                if trial_slope >= CURVATURE * slope {
                    break;
                }
                low = length;
            } else {
                found = None;
                high = length;
            }
            length = if high.is_finite() {
                0.5 * (low + high)
            } else {
                2.0 * length
            };
        }
        let Some(trial_value) = found else {
            return Minimum {
                at,
                steps,
                converged: false,
            };
        };
        let step: Vec<f64> = trial.iter().zip(&at).map(|(new, old)| new - old).collect();
        let change: Vec<f64> = trial_gradient
            .iter()
            .zip(&gradient)
            .map(|(new, old)| new - old)
            .collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-12 * dot(&change, &change) {
            if memory.len() == options.memory {
                memory.pop_front();
            }
            memory.push_back((step, change, 1.0 / curvature));
        }
        std::mem::swap(&mut at, &mut trial);
        std::mem::swap(&mut gradient, &mut trial_gradient);
        value = trial_value;
    }
    Minimum {
        at,
        steps: options.steps,
        converged: false,
    }
}

/// The two-loop recursion: minus the inverse Hessian's estimate times the gradient.
fn direction(gradient: &[f64], memory: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let mut shares = Vec::with_capacity(memory.len());
    for (step, change, inverse) in memory.iter().rev() {
        let share = inverse * dot(step, &q);
        q.iter_mut()
            .zip(change)
            .for_each(|(q, change)| *q -= share * change);
        shares.push(share);
    }
    if let Some((_, change, inverse)) = memory.back() {
        let scale = 1.0 / (inverse * dot(change, change));
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((step, change, inverse), share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = inverse * dot(change, &q);
        q.iter_mut()
            .zip(step)
            .for_each(|(q, step)| *q += (share - back) * step);
    }
    q.iter_mut().for_each(|q| *q = -*q);
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_minimum_of_a_narrow_valley() {
        // An ill-conditioned quadratic with its minimum at 1, 2, 3, ...
        let value = |at: &[f64], gradient: &mut [f64]| {
            let mut sum = 0.0;
            for (i, (x, slope)) in at.iter().zip(gradient).enumerate() {
                let (scale, off) = (10f64.powi(i as i32 % 5), x - (i + 1) as f64);
                sum += 0.5 * scale * off * off;
                *slope = scale * off;
            }
            sum
        };
        let options = Lbfgs {
            memory: 10,
            steps: 200,
            tolerance: 1e-8,
        };
        let found = minimise(vec![0.0; 12], &options, value, &|| false);
        assert!(found.converged);
        for (i, x) in found.at.iter().enumerate() {
            assert!((x - (i + 1) as f64).abs() < 1e-7);
        }
        let stopped = minimise(vec![0.0; 12], &options, value, &|| true);
        assert_eq!((stopped.steps, stopped.converged), (0, false));
    }
}
