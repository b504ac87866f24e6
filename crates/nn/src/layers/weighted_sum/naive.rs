//! The weighted sum of parts as its definition says: the reference of the tests.

/// `frames` `[frames, parts * width]`; `values` are the weights of the parts.
pub fn forward(values: &[f64], frames: &[f64], width: usize) -> Vec<f64> {
    let all: f64 = values.iter().map(|weight| weight.exp()).sum();
    let mut out = Vec::new();
    for frame in frames.chunks_exact(values.len() * width) {
        for at in 0..width {
            let terms = values.iter().enumerate();
            let terms = terms.map(|(part, weight)| weight.exp() / all * frame[part * width + at]);
            out.push(terms.sum());
        }
    }
    out
}
