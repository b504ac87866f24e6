//! Deep CORAL: how far apart the covariances of embeddings are (Sun and Saenko, "Deep CORAL: correlation alignment for deep
//! domain adaptation", 2016, eq. 1 to 6). With PyTorch's tensors: `(torch.cov(s.T) - torch.cov(t.T)).square().sum() / (4 *
//! s.shape[1] ** 2)`.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::group_penalty::{Difference, Group, group_penalty};

/// `||C_s - C_t||² / (4 d²)` of embeddings `[rows, d]`, where `C_s` and `C_t` are the covariances (divisor n - 1) of two
/// groups and the norm is Frobenius'; the mean over all pairs of groups that have two rows or more.
///
/// Computed by the products of rows, n x n numbers, as batches are smaller than embeddings: with `A = (S - mean) /
/// sqrt(n - 1)` and `B` alike, `||AᵀA - BᵀB||² = ||AAᵀ||² + ||BBᵀ||² - 2 ||ABᵀ||²`.
///
/// # Errors
/// Where memory runs out.
pub fn coral<T: Tape<f32, Cpu>>(
    embeddings: Tensor<(usize, usize), f32, Cpu, T>,
    labels: &[Option<usize>],
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    group_penalty(embeddings, labels, |first, second| {
        let (a, b) = (centred(first), centred(second));
        let products = [products(&a, &a), products(&b, &b), products(&a, &b)];
        let [of_a, of_b, mixed] = products.each_ref().map(|all| squares(all));
        let size = (first.width * first.width) as f64;
        let turned: Vec<f64> = (0..b.len())
            .flat_map(|row| products[2].iter().skip(row).step_by(b.len()).copied())
            .collect();
        // d/dA = 4 (AAᵀA - ABᵀB); the mean of each column takes nothing away, as the columns of A add up to 0.
        let slope = |own: &Group, of_own: &[f64], other: &Group, of_other: &[f64]| {
            let scale = 1.0 / (size * ((own.len() - 1) as f64).sqrt());
            let mut slope = vec![0.0; own.values.len()];
            add_products(&mut slope, scale, of_own, own);
            add_products(&mut slope, -scale, of_other, other);
            slope
        };
        Difference {
            value: (of_a + of_b - 2.0 * mixed) / (4.0 * size),
            slopes: [
                slope(&a, &products[0], &b, &products[2]),
                slope(&b, &products[1], &a, &turned),
            ],
        }
    })
}

/// `(X - mean) / sqrt(n - 1)`.
fn centred(group: &Group) -> Group {
    let (n, width) = (group.len() as f64, group.width);
    let mut means = vec![0.0; width];
    for row in group.rows() {
        means.iter_mut().zip(row).for_each(|(sum, x)| *sum += x / n);
    }
    let scale = 1.0 / (n - 1.0).sqrt();
    let centred = |row: &[f64]| -> Vec<f64> {
        let values = row.iter().zip(&means);
        values.map(|(x, mean)| scale * (x - mean)).collect()
    };
    Group {
        width,
        values: group.rows().flat_map(centred).collect(),
    }
}

/// `ABᵀ`, row-major.
fn products(a: &Group, b: &Group) -> Vec<f64> {
    let product = |(x, y): (&[f64], &[f64])| x.iter().zip(y).map(|(x, y)| x * y).sum();
    let pairs = a.rows().flat_map(|x| b.rows().map(move |y| (x, y)));
    pairs.map(product).collect()
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum()
}

/// Adds `scale * factors x` to `to`, where `factors` has a row for each of `to` and a column for each of `x`.
fn add_products(to: &mut [f64], scale: f64, factors: &[f64], x: &Group) {
    let rows = to
        .chunks_exact_mut(x.width)
        .zip(factors.chunks_exact(x.len()));
    for (to, factors) in rows {
        for (factor, row) in factors.iter().zip(x.rows()) {
            let factor = scale * factor;
            to.iter_mut()
                .zip(row)
                .for_each(|(sum, x)| *sum += factor * x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::group_penalty::testing::{agrees_with_naive, evaluate, is_the_mean_of_pairs};
    use super::*;

    /// The definition: every entry of both covariances.
    fn naive(first: &[Vec<f64>], second: &[Vec<f64>]) -> f64 {
        let width = first[0].len();
        let covariance = |rows: &[Vec<f64>], i: usize, j: usize| {
            let n = rows.len() as f64;
            let mean = |at: usize| rows.iter().map(|row| row[at]).sum::<f64>() / n;
            let (of_i, of_j) = (mean(i), mean(j));
            let sum: f64 = rows
                .iter()
                .map(|row| (row[i] - of_i) * (row[j] - of_j))
                .sum();
            sum / (n - 1.0)
        };
        let mut sum = 0.0;
        for i in 0..width {
            for j in 0..width {
                sum += (covariance(first, i, j) - covariance(second, i, j)).powi(2);
            }
        }
        sum / (4.0 * (width * width) as f64)
    }

    #[test]
    fn agrees_with_the_naive_version_and_finite_differences() {
        agrees_with_naive(coral, |_, _| (), |first, second, ()| naive(first, second));
    }

    #[test]
    fn groups_are_compared_in_pairs_and_single_rows_are_left_out() {
        is_the_mean_of_pairs(coral);
        let labels = [Some(0), Some(0), Some(1)];
        let values = [1.0, 2.0, 0.5, 1.0, 3.0, 4.0];
        assert_eq!(evaluate(coral, &values, &labels), (0.0, vec![0.0; 6]));
        // By hand: variances 2 and 8 in one dimension, (2 - 8)² / 4.
        let labels = [Some(0), Some(0), Some(1), Some(1)];
        let (value, _) = evaluate(coral, &[1.0, 3.0, 10.0, 14.0], &labels);
        assert!((value - 9.0).abs() < 1e-6);
    }
}
