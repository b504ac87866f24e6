//! Sums of squares of gradients, in an order that does not depend on threads.

use pipe_foundation::Workers;

use super::block::BLOCK;

/// Sum of squares of many values, on all threads; block by block, so the same bits whatever their number.
pub fn sum_of_squares_on(workers: &Workers, values: &[f32]) -> f64 {
    let mut sums: Vec<_> = values.chunks(BLOCK).map(|block| (block, 0.0)).collect();
    workers.for_each(&mut sums, |_, (block, sum)| *sum = sum_of_squares(block));
    sums.iter().map(|(_, sum)| sum).sum()
}

/// Sum of squares in a fixed order, in double precision.
pub fn sum_of_squares(values: &[f32]) -> f64 {
    let mut lanes = [0f64; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(*value) * f64::from(*value);
        }
    }
    let tail: f64 = rest.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    lanes.iter().sum::<f64>() + tail
}
