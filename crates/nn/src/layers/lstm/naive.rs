//! One LSTM direction over one sequence, written as the equations say: the reference of the fast version.

/// Weights of one direction in PyTorch's layout.
pub struct Weights<'a> {
    /// Input channels.
    pub input: usize,
    /// Hidden units.
    pub units: usize,
    /// weight_ih, weight_hh, bias_ih, bias_hh.
    pub arrays: [&'a [f32]; 4],
}

/// Everything the backward pass needs, `[frames, units]` each, in order of computation.
pub struct States {
    gates: Vec<[Vec<f64>; 4]>,
    cells: Vec<Vec<f64>>,
    hidden: Vec<Vec<f64>>,
    order: Vec<usize>,
}

impl States {
    /// Hidden states `[frames, units]` in order of time.
    pub fn hidden(&self) -> Vec<f32> {
        let mut by_time = vec![Vec::new(); self.order.len()];
        for (values, &t) in self.hidden.iter().zip(&self.order) {
            by_time[t] = values.iter().map(|&v| v as f32).collect();
        }
        by_time.concat()
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Forward over `frames` `[frames, input]`.
pub fn forward(weights: &Weights<'_>, frames: &[f32], backward_in_time: bool) -> States {
    let (input, units) = (weights.input, weights.units);
    let count = frames.len() / input;
    let mut order: Vec<usize> = (0..count).collect();
    if backward_in_time {
        order.reverse();
    }
    let (mut h, mut c) = (vec![0f64; units], vec![0f64; units]);
    let mut states = States {
        gates: Vec::new(),
        cells: Vec::new(),
        hidden: Vec::new(),
        order: order.clone(),
    };
    for t in order {
        let sum = |row: usize| {
            let mut sum = f64::from(weights.arrays[2][row]) + f64::from(weights.arrays[3][row]);
            for k in 0..input {
                sum += f64::from(weights.arrays[0][row * input + k])
                    * f64::from(frames[t * input + k]);
            }
            for (k, h) in h.iter().enumerate() {
                sum += f64::from(weights.arrays[1][row * units + k]) * h;
            }
            sum
        };
        let gates: [Vec<f64>; 4] = std::array::from_fn(|gate| {
            (0..units)
                .map(|u| sum(gate * units + u))
                .map(|s| if gate == 2 { s.tanh() } else { sigmoid(s) })
                .collect()
        });
        for u in 0..units {
            c[u] = gates[1][u] * c[u] + gates[0][u] * gates[2][u];
            h[u] = gates[3][u] * c[u].tanh();
        }
        states.gates.push(gates);
        states.cells.push(c.clone());
        states.hidden.push(h.clone());
    }
    states
}

/// Gradients of the four arrays and of the frames from dL/d(hidden) `[frames, units]` in order of time.
pub fn backward(
    weights: &Weights<'_>,
    frames: &[f32],
    states: &States,
    gradient: &[f32],
) -> ([Vec<f32>; 4], Vec<f32>) {
    let (input, units) = (weights.input, weights.units);
    let mut arrays = weights.arrays.map(|array| vec![0f32; array.len()]);
    let mut of_frames = vec![0f32; frames.len()];
    let (mut carry_h, mut carry_c) = (vec![0f64; units], vec![0f64; units]);
    let zeros = vec![0f64; units];
    for step in (0..states.order.len()).rev() {
        let t = states.order[step];
        let (h_before, c_before) = if step == 0 {
            (&zeros, &zeros)
        } else {
            (&states.hidden[step - 1], &states.cells[step - 1])
        };
        let [i, f, g, o] = &states.gates[step];
        let mut sums = vec![0f64; 4 * units];
        for u in 0..units {
            let dh = carry_h[u] + f64::from(gradient[t * units + u]);
            let squashed = states.cells[step][u].tanh();
            let dc = carry_c[u] + dh * o[u] * (1.0 - squashed * squashed);
            sums[u] = dc * g[u] * i[u] * (1.0 - i[u]);
            sums[units + u] = dc * c_before[u] * f[u] * (1.0 - f[u]);
            sums[2 * units + u] = dc * i[u] * (1.0 - g[u] * g[u]);
            sums[3 * units + u] = dh * squashed * o[u] * (1.0 - o[u]);
            carry_c[u] = dc * f[u];
        }
        carry_h.fill(0.0);
        for (row, &d) in sums.iter().enumerate() {
            for k in 0..input {
                arrays[0][row * input + k] += (d * f64::from(frames[t * input + k])) as f32;
                of_frames[t * input + k] +=
                    (d * f64::from(weights.arrays[0][row * input + k])) as f32;
            }
            for k in 0..units {
                arrays[1][row * units + k] += (d * h_before[k]) as f32;
                carry_h[k] += d * f64::from(weights.arrays[1][row * units + k]);
            }
            arrays[2][row] += d as f32;
            arrays[3][row] += d as f32;
        }
    }
    (arrays, of_frames)
}
