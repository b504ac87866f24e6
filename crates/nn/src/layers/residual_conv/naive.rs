//! A residual block as its definition says: the reference of the tests.

/// A convolution with zeros around the frames; weight `[width, input, output]`.
fn convolve(
    frames: &[f64],
    weight: &[f64],
    (input, output, width): (usize, usize, usize),
) -> Vec<f64> {
    let count = frames.len() / input;
    let mut out = vec![0.0; count * output];
    for t in 0..count {
        for k in 0..width {
            let Some(from) = (t + k).checked_sub(width / 2).filter(|&from| from < count) else {
                continue;
            };
            for i in 0..input {
                for o in 0..output {
                    out[t * output + o] +=
                        frames[from * input + i] * weight[(k * input + i) * output + o];
                }
            }
        }
    }
    out
}

/// `frames` `[frames, input]`; `values` are weight and bias of both convolutions, then the skip's weight, if it has one.
pub fn forward(
    values: &[f64],
    frames: &[f64],
    (input, output, width): (usize, usize, usize),
) -> Vec<f64> {
    let (first, rest) = values.split_at(width * input * output);
    let (first_bias, rest) = rest.split_at(output);
    let (second, rest) = rest.split_at(width * output * output);
    let (second_bias, skip) = rest.split_at(output);
    let mut hidden = convolve(frames, first, (input, output, width));
    for (at, value) in hidden.iter_mut().enumerate() {
        *value = (*value + first_bias[at % output]).max(0.0);
    }
    let mut out = convolve(&hidden, second, (output, output, width));
    let skipped = match skip.is_empty() {
        true => frames.to_vec(),
        false => convolve(frames, skip, (input, output, 1)),
    };
    for (at, value) in out.iter_mut().enumerate() {
        *value = (*value + second_bias[at % output] + skipped[at]).max(0.0);
    }
    out
}
