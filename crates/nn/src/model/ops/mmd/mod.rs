//! The maximum mean discrepancy of embeddings by several Gaussian kernels (Gretton et al., "A kernel two-sample test", 2012,
//! eq. 3; the kernels as in Long et al., "Learning transferable features with deep adaptation networks", 2015). PyTorch has
//! none; `tests/golden/penalties/make.py` has it with its tensors.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use pipe_foundation::exact;

use super::group_penalty::{Difference, Group, group_penalty};

/// Variances of the kernels in units of the mean squared distance of the embeddings.
const SCALES: [f64; 5] = [0.125, 0.25, 0.5, 1.0, 2.0];

/// `mean k(s, s') + mean k(t, t') - 2 mean k(s, t)` over all pairs of different utterances of a group, or of both: the unbiased
/// estimate of the squared discrepancy, which is around 0, and below it half of the time, where the groups do not differ.
/// (The biased one, which also compares each utterance with itself, draws small groups together whether they differ or not.)
/// `k(x, y)` is the mean of `exp(-|x - y|² / (2 c m))` over the scales c, where m, the mean of `|x - y|²` over all pairs of
/// different utterances of both groups, is a constant for the gradient. The mean over all pairs of groups that have two rows
/// or more; 0 where all embeddings are equal.
///
/// # Errors
/// Where memory runs out.
pub fn mmd<T: Tape<f32, Cpu>>(
    embeddings: Tensor<(usize, usize), f32, Cpu, T>,
    labels: &[Option<usize>],
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    group_penalty(embeddings, labels, |first, second| {
        let rows: Vec<&[f64]> = first.rows().chain(second.rows()).collect();
        let pairs: Vec<(usize, usize)> = (0..rows.len())
            .flat_map(|i| (i + 1..rows.len()).map(move |j| (i, j)))
            .collect();
        let distances: Vec<f64> = (pairs.iter())
            .map(|&(i, j)| squared_distance(rows[i], rows[j]))
            .collect();
        let mean = distances.iter().sum::<f64>() / distances.len() as f64;
        let width = first.width;
        let mut slope = vec![0.0; rows.len() * width];
        let mut value = 0.0;
        if mean != 0.0 {
            for (&(i, j), &distance) in pairs.iter().zip(&distances) {
                let weight = weight((i, j), first, second);
                let (kernel, bend) = kernel(distance, mean);
                value += weight * kernel;
                let factor = 2.0 * weight * bend;
                for (at, (x, y)) in rows[i].iter().zip(rows[j]).enumerate() {
                    let step = factor * (x - y);
                    slope[i * width + at] += step;
                    slope[j * width + at] -= step;
                }
            }
        }
        let of_second = slope.split_off(first.values.len());
        Difference {
            value,
            slopes: [slope, of_second],
        }
    })
}

/// How often a pair counts, the rows of the first group being numbered before those of the second.
fn weight((i, j): (usize, usize), first: &Group, second: &Group) -> f64 {
    let (n, m) = (first.len(), second.len());
    match (i < n, j < n) {
        (true, true) => 2.0 / (n * (n - 1)) as f64,
        (false, false) => 2.0 / (m * (m - 1)) as f64,
        _ => -2.0 / (n * m) as f64,
    }
}

/// The kernel at a squared distance, and its derivative by it.
fn kernel(distance: f64, mean: f64) -> (f64, f64) {
    let (mut value, mut slope) = (0.0, 0.0);
    for scale in SCALES {
        let width = 2.0 * scale * mean;
        let own = exact::exp(-distance / width) / SCALES.len() as f64;
        value += own;
        slope -= own / width;
    }
    (value, slope)
}

fn squared_distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::group_penalty::testing::{agrees_with_naive, evaluate, is_the_mean_of_pairs};
    use super::*;

    fn mean_distance(first: &[Vec<f64>], second: &[Vec<f64>]) -> f64 {
        let all: Vec<&Vec<f64>> = first.iter().chain(second).collect();
        let sum: f64 = all
            .iter()
            .flat_map(|x| all.iter().map(|y| squared_distance(x, y)))
            .sum();
        sum / (all.len() * (all.len() - 1)) as f64
    }

    /// The definition: three means of kernels.
    fn naive(first: &[Vec<f64>], second: &[Vec<f64>], mean: &f64) -> f64 {
        let kernel = |x: &[f64], y: &[f64]| {
            let distance = squared_distance(x, y);
            let own = SCALES.map(|scale| (-distance / (2.0 * scale * mean)).exp());
            own.iter().sum::<f64>() / 5.0
        };
        let within = |group: &[Vec<f64>]| {
            let mut sum = 0.0;
            for (i, x) in group.iter().enumerate() {
                for (_, y) in group.iter().enumerate().filter(|(j, _)| *j != i) {
                    sum += kernel(x, y);
                }
            }
            sum / (group.len() * (group.len() - 1)) as f64
        };
        let mut mixed = 0.0;
        for x in first {
            for y in second {
                mixed += kernel(x, y) / (first.len() * second.len()) as f64;
            }
        }
        within(first) + within(second) - 2.0 * mixed
    }

    #[test]
    fn agrees_with_the_naive_version_and_finite_differences() {
        agrees_with_naive(mmd, mean_distance, naive);
    }

    #[test]
    fn equal_groups_have_none_and_far_ones_much() {
        is_the_mean_of_pairs(mmd);
        let labels = [Some(0), Some(1), Some(0), Some(1)];
        let (same, _) = evaluate(mmd, &[1.0, 1.0, 5.0, 5.0], &labels);
        assert!(same < 0.0, "{same}");
        let (apart, _) = evaluate(mmd, &[1.0, 5.0, 1.0, 5.0], &labels);
        assert!(apart > 1.0, "{apart}");
        assert_eq!(evaluate(mmd, &[2.0; 4], &labels), (0.0, vec![0.0; 4]));
    }
}
