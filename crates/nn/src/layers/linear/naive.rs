//! A fully connected layer with ReLU as its definition says: the reference of the tests.

/// `frames` `[frames, inputs]`; `values` are the weight `[outputs, inputs]`, then the bias.
pub fn forward(values: &[f64], frames: &[f64], (inputs, outputs): (usize, usize)) -> Vec<f64> {
    let (weight, bias) = values.split_at(inputs * outputs);
    let mut out = Vec::new();
    for frame in frames.chunks_exact(inputs) {
        for (row, bias) in weight.chunks_exact(inputs).zip(bias) {
            let products = row.iter().zip(frame).map(|(w, x)| w * x);
            out.push((products.sum::<f64>() + bias).max(0.0));
        }
    }
    out
}
