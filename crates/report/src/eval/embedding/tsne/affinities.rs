//! How much each point is another's neighbour.

use pipe_foundation::Workers;
use pipe_foundation::exact;

use super::super::{EmbeddingError, Points, distances};

const ROWS: usize = 16;
/// Rounds of the search for one point's bandwidth.
const ROUNDS: usize = 60;
/// How near the logarithm of the perplexity must be.
const TOLERANCE: f64 = 1e-6;

/// The joint affinities `p_ij = (p_j|i + p_i|j) / 2n`, `[n, n]`, zero on the diagonal, of sum 1.
///
/// Each conditional row has the given perplexity.
pub(super) fn symmetric(
    points: &Points,
    perplexity: f64,
    workers: &Workers,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<f32>, EmbeddingError> {
    let count = points.rows();
    let mut conditional = vec![0.0f32; count * count];
    let mut tasks: Vec<&mut [f32]> = conditional.chunks_mut((ROWS * count).max(1)).collect();
    workers.for_each(&mut tasks, |index, rows| {
        if stop() {
            return;
        }
        distances::squared(points, index * ROWS, rows);
        for (r, row) in rows.chunks_exact_mut(count).enumerate() {
            calibrate(row, index * ROWS + r, perplexity);
        }
    });
    if stop() {
        return Err(EmbeddingError::Stopped);
    }
    let scale = 0.5 / count as f32;
    for i in 0..count {
        for j in 0..i {
            let both = (conditional[i * count + j] + conditional[j * count + i]) * scale;
            conditional[i * count + j] = both;
            conditional[j * count + i] = both;
        }
    }
    Ok(conditional)
}

/// Turns the squared distances of point `own` into probabilities of the wanted perplexity, its own being 0.
///
/// Newton's method on the logarithm of the precision, kept inside a bracket.
pub(super) fn calibrate(row: &mut [f32], own: usize, perplexity: f64) {
    let wanted = exact::ln(perplexity);
    let others = |row: &[f32]| -> Vec<f64> {
        let others = row.iter().enumerate().filter(|(at, _)| *at != own);
        others.map(|(_, &distance)| f64::from(distance)).collect()
    };
    let mut distances = others(row);
    let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
    distances
        .iter_mut()
        .for_each(|distance| *distance -= nearest);
    let mean = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
    let mut weights = vec![0.0; distances.len()];
    let (mut low, mut high) = (0.0f64, f64::INFINITY);
    let mut precision = if mean > 0.0 { 1.0 / mean } else { 1.0 };
    let mut sum = 0.0;
    for _ in 0..ROUNDS {
        let (mut first, mut second) = (0.0, 0.0);
        sum = 0.0;
        for (weight, &distance) in weights.iter_mut().zip(&distances) {
            let power = precision * distance;
            // Far beyond single precision.
            *weight = if power > 100.0 {
                0.0
            } else {
                exact::exp(-power)
            };
            sum += *weight;
            first += *weight * distance;
            second += *weight * distance * distance;
        }
        let (first, second) = (first / sum, second / sum);
        let entropy = exact::ln(sum) + precision * first;
        let excess = entropy - wanted;
        if excess.abs() < TOLERANCE {
            break;
        }
        if excess > 0.0 {
            low = precision;
        } else {
            high = precision;
        }
        // The entropy's derivative by the logarithm of the precision is -precision² variance.
        let slope = precision * precision * (second - first * first);
        let newton = precision * exact::exp((excess / slope.max(1e-12)).clamp(-3.0, 3.0));
        let inside = newton > low && newton < high;
        precision = match (inside, high.is_finite()) {
            (true, _) => newton,
            (false, true) => 0.5 * (low + high),
            (false, false) => 2.0 * precision,
        };
    }
    let mut weights = weights.into_iter();
    for (at, value) in row.iter_mut().enumerate() {
        *value = match at == own {
            true => 0.0,
            false => (weights.next().unwrap_or(0.0) / sum) as f32,
        };
    }
}
