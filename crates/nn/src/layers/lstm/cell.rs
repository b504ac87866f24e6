//! The gates of one LSTM cell, forward and backward, over all its units.

use pipe_foundation::vectorised;

use crate::layers::activation::{sigmoid, tanh};

vectorised! {
    /// From the gates' sums `[i, f, g, o]` to cell and hidden state; the gates are left activated.
    ///
    /// `before` is the cell state of the step before; empty means zeros.
    pub(super) fn forward / forward_portable (
        gates: &mut [f32],
        bias: &[f32],
        before: &[f32],
        cells: &mut [f32],
        cells_tanh: &mut [f32],
        hidden: &mut [f32],
    ) {
        let units = cells.len();
        let (input, rest) = gates.split_at_mut(units);
        let (forget, rest) = rest.split_at_mut(units);
        let (candidate, output) = rest.split_at_mut(units);
        let output = &mut output[..units];
        let (input_bias, rest) = bias.split_at(units);
        let (forget_bias, rest) = rest.split_at(units);
        let (candidate_bias, output_bias) = rest.split_at(units);
        let output_bias = &output_bias[..units];
        let (cells_tanh, hidden) = (&mut cells_tanh[..units], &mut hidden[..units]);
        for u in 0..units {
            input[u] = sigmoid(input[u] + input_bias[u]);
            forget[u] = sigmoid(forget[u] + forget_bias[u]);
            candidate[u] = tanh(candidate[u] + candidate_bias[u]);
            output[u] = sigmoid(output[u] + output_bias[u]);
            cells[u] = input[u] * candidate[u];
        }
        if !before.is_empty() {
            let before = &before[..units];
            for u in 0..units {
                cells[u] += forget[u] * before[u];
            }
        }
        for u in 0..units {
            cells_tanh[u] = tanh(cells[u]);
            hidden[u] = output[u] * cells_tanh[u];
        }
    }
}

vectorised! {
    /// From dL/d(hidden) to dL/d(gate sums), written over the activated gates; the cell's carry moves one step back.
    pub(super) fn backward / backward_portable (
        gates: &mut [f32],
        before: &[f32],
        cells_tanh: &[f32],
        grad_hidden: &[f32],
        carry_hidden: &[f32],
        carry_cell: &mut [f32],
    ) {
        let units = cells_tanh.len();
        let (input, rest) = gates.split_at_mut(units);
        let (forget, rest) = rest.split_at_mut(units);
        let (candidate, output) = rest.split_at_mut(units);
        let output = &mut output[..units];
        let (grad_hidden, carry_hidden) = (&grad_hidden[..units], &carry_hidden[..units]);
        let carry_cell = &mut carry_cell[..units];
        let has_past = !before.is_empty();
        for u in 0..units {
            let (i, f, g, o) = (input[u], forget[u], candidate[u], output[u]);
            let hidden = grad_hidden[u] + carry_hidden[u];
            let squashed = cells_tanh[u];
            let cell = carry_cell[u] + hidden * o * (1.0 - squashed * squashed);
            output[u] = hidden * squashed * o * (1.0 - o);
            input[u] = cell * g * i * (1.0 - i);
            candidate[u] = cell * i * (1.0 - g * g);
            // Without a step before, this holds no meaning and is cleared below.
            forget[u] = cell * f * (1.0 - f);
            carry_cell[u] = cell * f;
        }
        if has_past {
            for (value, &past) in forget.iter_mut().zip(before) {
                *value *= past;
            }
        } else {
            forget.fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::*;

    #[test]
    fn both_builds_give_the_same_bits() {
        let units = 37;
        let (bias, before) = (noise(4 * units, 2), noise(units, 3));
        for before in [&before[..], &[]] {
            let run = |portable: bool| {
                let mut gates = noise(4 * units, 1);
                let mut states = [vec![0.0; units], vec![0.0; units], vec![0.0; units]];
                let [cells, squashed, hidden] = &mut states;
                let cell = if portable { forward_portable } else { forward };
                cell(&mut gates, &bias, before, cells, squashed, hidden);
                let mut carry = noise(units, 5);
                let back = if portable {
                    backward_portable
                } else {
                    backward
                };
                back(
                    &mut gates,
                    before,
                    squashed,
                    &noise(units, 6),
                    &noise(units, 7),
                    &mut carry,
                );
                (gates, states, carry)
            };
            assert_eq!(run(false), run(true));
        }
    }
}
