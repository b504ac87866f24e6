//! One direction of gated recurrent units over one sequence, as the equations say: the reference of the tests.

/// `frames` `[frames, width]` to states `[frames, units]`; `values` are weight_ih, weight_hh, bias_ih, bias_hh.
pub fn forward(
    values: &[f64],
    frames: &[f64],
    (width, units): (usize, usize),
    backward_in_time: bool,
) -> Vec<f64> {
    let (of_input, rest) = values.split_at(3 * units * width);
    let (of_state, rest) = rest.split_at(3 * units * units);
    let (input_bias, state_bias) = rest.split_at(3 * units);
    let count = frames.len() / width;
    let mut state = vec![0.0; units];
    let mut out = vec![0.0; count * units];
    for step in 0..count {
        let t = if backward_in_time {
            count - 1 - step
        } else {
            step
        };
        let frame = &frames[t * width..][..width];
        let input = |row: usize| -> f64 {
            let own = frame.iter().zip(&of_input[row * width..]);
            own.map(|(x, w)| x * w).sum::<f64>() + input_bias[row]
        };
        let before = state.clone();
        let recurrent = |row: usize| -> f64 {
            let own = before.iter().zip(&of_state[row * units..]);
            own.map(|(h, w)| h * w).sum::<f64>() + state_bias[row]
        };
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        for u in 0..units {
            let reset = sigmoid(input(u) + recurrent(u));
            let update = sigmoid(input(units + u) + recurrent(units + u));
            let candidate = (input(2 * units + u) + reset * recurrent(2 * units + u)).tanh();
            state[u] = (1.0 - update) * candidate + update * before[u];
        }
        out[t * units..][..units].copy_from_slice(&state);
    }
    out
}
