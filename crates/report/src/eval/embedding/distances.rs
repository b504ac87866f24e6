//! Squared Euclidean distances, exact and in a fixed order of additions.

use pipe_foundation::{tree_sum, vectorised};

use super::Points;

const WIDTH: usize = 16;
/// Rows compared at once; each stays in registers or the first cache.
const ROWS: usize = 4;

/// The squared distances from points `first..first + out.len() / rows` to all points, row after row.
///
/// Differences are squared, not expanded into products: neighbours that nearly touch keep their digits.
pub(super) fn squared(points: &Points, first: usize, out: &mut [f32]) {
    vectorised_squared(points.values(), points.width(), first, out);
}

vectorised! {
    fn vectorised_squared / portable_squared(values: &[f32], width: usize, first: usize, out: &mut [f32]) {
        let rows = values.len() / width;
        for (block, out) in out.chunks_mut(ROWS * rows).enumerate() {
            let start = first + block * ROWS;
            let count = out.len() / rows;
            for (at, other) in values.chunks_exact(width).enumerate() {
                for (r, own) in values[start * width..].chunks_exact(width).take(count).enumerate() {
                    out[r * rows + at] = one(own, other);
                }
            }
        }
    }
}

#[inline(always)]
fn one(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; WIDTH];
    let (a, rest_a) = a.as_chunks::<WIDTH>();
    let (b, rest_b) = b.as_chunks::<WIDTH>();
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            let difference = a - b;
            *sum += difference * difference;
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(rest_a).zip(rest_b) {
        let difference = a - b;
        *sum += difference * difference;
    }
    tree_sum(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_agrees_with_the_definition_and_with_portable_code() {
        let (rows, width) = (11, 37);
        let values: Vec<f32> = (0..rows * width)
            .map(|i| ((i * 7919) % 101) as f32 / 10.0)
            .collect();
        let points = Points::new(width, values).unwrap();
        let mut found = vec![0.0; 7 * rows];
        squared(&points, 3, &mut found);
        let mut portable = vec![0.0; 7 * rows];
        portable_squared(points.values(), width, 3, &mut portable);
        assert_eq!(found, portable);
        for i in 0..7 {
            for j in 0..rows {
                let pairs = points.row(3 + i).iter().zip(points.row(j));
                let expected: f64 = pairs
                    .map(|(a, b)| f64::from(a - b) * f64::from(a - b))
                    .sum();
                assert!(
                    (f64::from(found[i * rows + j]) - expected).abs() <= 1e-5 * expected,
                    "{i} {j}"
                );
            }
        }
    }
}
