//! Layer normalisation as its definition says: the reference of the tests.

/// `frames` `[frames, width]`; `values` are scales, then offsets.
pub fn forward(values: &[f64], frames: &[f64], width: usize, epsilon: f64) -> Vec<f64> {
    let mut out = Vec::new();
    for frame in frames.chunks_exact(width) {
        let mean = frame.iter().sum::<f64>() / width as f64;
        let squares = frame.iter().map(|x| (x - mean).powi(2));
        let variance = squares.sum::<f64>() / width as f64;
        for (at, x) in frame.iter().enumerate() {
            out.push((x - mean) / (variance + epsilon).sqrt() * values[at] + values[width + at]);
        }
    }
    out
}
