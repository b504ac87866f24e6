//! Statistics pooling as its definition says: the reference of the tests.

/// `frames` `[frames, width]` to means, then deviations.
pub fn forward(frames: &[f64], width: usize) -> Vec<f64> {
    let count = (frames.len() / width) as f64;
    let column = |at: usize| frames.iter().skip(at).step_by(width);
    let mean = |at: usize| column(at).sum::<f64>() / count;
    let deviation = |at: usize| {
        let squares = column(at).map(|x| (x - mean(at)).powi(2));
        (squares.sum::<f64>() / count + 1e-5).sqrt()
    };
    (0..width)
        .map(mean)
        .chain((0..width).map(deviation))
        .collect()
}
