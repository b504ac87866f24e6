//! Self-attentive pooling as its definition says: the reference of the tests.

/// `frames` `[frames, width]`; `values` are weight and bias of the hidden layer, then the weight of the scores.
pub fn forward(
    values: &[f64],
    frames: &[f64],
    (width, units, heads): (usize, usize, usize),
) -> Vec<f64> {
    let (weight, rest) = values.split_at(units * width);
    let (bias, score) = rest.split_at(units);
    let scores: Vec<Vec<f64>> = (frames.chunks_exact(width))
        .map(|frame| {
            let hidden: Vec<f64> = (0..units)
                .map(|u| {
                    let own = frame.iter().zip(&weight[u * width..]);
                    (own.map(|(x, w)| x * w).sum::<f64>() + bias[u]).tanh()
                })
                .collect();
            let of_head = |head: usize| {
                let own = hidden.iter().zip(&score[head * units..]);
                own.map(|(h, w)| h * w).sum::<f64>().exp()
            };
            (0..heads).map(of_head).collect()
        })
        .collect();
    let mut out = vec![0.0; heads * width];
    for head in 0..heads {
        let sum: f64 = scores.iter().map(|own| own[head]).sum();
        for (frame, own) in frames.chunks_exact(width).zip(&scores) {
            for (at, x) in frame.iter().enumerate() {
                out[head * width + at] += own[head] / sum * x;
            }
        }
    }
    out
}
