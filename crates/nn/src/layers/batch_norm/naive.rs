//! Batch normalisation written down in double precision.

/// The frames of a batch, `[frames, width]`, normalised over all of them.
pub fn forward(scale: &[f64], offset: &[f64], frames: &[f64], epsilon: f64) -> Vec<f64> {
    let width = scale.len();
    let n = (frames.len() / width) as f64;
    let column = |at: usize| frames.iter().skip(at).step_by(width);
    let mut out = vec![0.0; frames.len()];
    for at in 0..width {
        let mean = column(at).sum::<f64>() / n;
        let variance = column(at).map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        for (row, x) in column(at).enumerate() {
            let normalised = (x - mean) / (variance + epsilon).sqrt();
            out[row * width + at] = scale[at] * normalised + offset[at];
        }
    }
    out
}
