//! Sums over the values of a frame in a fixed order, so that every machine gets the same bits.

use pipe_foundation::tree_sum;

/// Values that are summed side by side.
const LANES: usize = 8;

/// The sum of `of(value)` over all values.
#[inline(always)]
pub fn sum_of(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += of(*value);
        }
    }
    let rest: f32 = rest.iter().map(|&value| of(value)).sum();
    tree_sum(lanes) + rest
}

/// The sum of the products of two frames.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let (chunks, rest) = a.as_chunks::<LANES>();
    let (others, other_rest) = b[..a.len()].as_chunks::<LANES>();
    for (chunk, other) in chunks.iter().zip(others) {
        for ((lane, a), b) in lanes.iter_mut().zip(chunk).zip(other) {
            *lane += a * b;
        }
    }
    let rest: f32 = rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    tree_sum(lanes) + rest
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::*;

    #[test]
    fn sums_are_those_of_double_precision() {
        for count in [0, 1, 7, 8, 9, 100] {
            let (a, b) = (noise(count, 1), noise(count, 2));
            let wide: f64 = a.iter().map(|&v| f64::from(v).powi(2)).sum();
            assert!((f64::from(sum_of(&a, |v| v * v)) - wide).abs() < 1e-5);
            let products = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b));
            assert!((f64::from(dot(&a, &b)) - products.sum::<f64>()).abs() < 1e-5);
        }
    }
}
