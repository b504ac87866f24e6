//! The gates of one cell of gated recurrent units, forward and backward, over all its units.

use pipe_foundation::vectorised;

use crate::layers::activation::{sigmoid, tanh};

vectorised! {
    /// From the gates' sums of the input `[reset, update, candidate]` to the state; the gates are left activated.
    ///
    /// `recurrent` are the sums of the state before, without a bias, and `before` is that state; both are empty where
    /// there is none. `from_state` keeps what the candidate gets from the state.
    pub(super) fn forward / forward_portable (
        gates: &mut [f32],
        recurrent: &[f32],
        bias: &[f32],
        before: &[f32],
        from_state: &mut [f32],
        hidden: &mut [f32],
    ) {
        let units = hidden.len();
        let (input_bias, state_bias) = bias.split_at(3 * units);
        let (reset, rest) = gates.split_at_mut(units);
        let (update, candidate) = rest.split_at_mut(units);
        let candidate = &mut candidate[..units];
        let from_state = &mut from_state[..units];
        for u in 0..units {
            reset[u] += input_bias[u] + state_bias[u];
            update[u] += input_bias[units + u] + state_bias[units + u];
            candidate[u] += input_bias[2 * units + u];
            from_state[u] = state_bias[2 * units + u];
        }
        if !recurrent.is_empty() {
            let recurrent = &recurrent[..3 * units];
            for u in 0..units {
                reset[u] += recurrent[u];
                update[u] += recurrent[units + u];
                from_state[u] += recurrent[2 * units + u];
            }
        }
        for u in 0..units {
            reset[u] = sigmoid(reset[u]);
            update[u] = sigmoid(update[u]);
            candidate[u] = tanh(candidate[u] + reset[u] * from_state[u]);
            hidden[u] = (1.0 - update[u]) * candidate[u];
        }
        if !before.is_empty() {
            let before = &before[..units];
            for u in 0..units {
                hidden[u] += update[u] * before[u];
            }
        }
    }
}

vectorised! {
    /// From dL/d(state) to dL/d(sums of the input), written over the activated gates, and dL/d(sums of the state) in
    /// `recurrent`. `carry` becomes what the state before gets past the gates.
    pub(super) fn backward / backward_portable (
        gates: &mut [f32],
        recurrent: &mut [f32],
        before: &[f32],
        from_state: &[f32],
        grad_hidden: &[f32],
        carry: &mut [f32],
    ) {
        let units = from_state.len();
        let (reset, rest) = gates.split_at_mut(units);
        let (update, candidate) = rest.split_at_mut(units);
        let candidate = &mut candidate[..units];
        let recurrent = &mut recurrent[..3 * units];
        let (grad_hidden, carry) = (&grad_hidden[..units], &mut carry[..units]);
        for u in 0..units {
            let (r, z, n) = (reset[u], update[u], candidate[u]);
            let of_state = grad_hidden[u] + carry[u];
            let past = if before.is_empty() { 0.0 } else { before[u] };
            let of_candidate = of_state * (1.0 - z) * (1.0 - n * n);
            reset[u] = of_candidate * from_state[u] * r * (1.0 - r);
            update[u] = of_state * (past - n) * z * (1.0 - z);
            candidate[u] = of_candidate;
            recurrent[u] = reset[u];
            recurrent[units + u] = update[u];
            recurrent[2 * units + u] = of_candidate * r;
            carry[u] = of_state * z;
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
        let (recurrent, state) = (noise(3 * units, 2), noise(units, 3));
        for (recurrent, before) in [(&recurrent[..], &state[..]), (&[], &[])] {
            let run = |portable: bool| {
                let (mut gates, bias) = (noise(3 * units, 1), noise(6 * units, 4));
                let (mut from_state, mut hidden) = (vec![0.0; units], vec![0.0; units]);
                let cell = if portable { forward_portable } else { forward };
                cell(
                    &mut gates,
                    recurrent,
                    &bias,
                    before,
                    &mut from_state,
                    &mut hidden,
                );
                let (mut back, mut carry) = (vec![0.0; 3 * units], noise(units, 7));
                let cell = if portable {
                    backward_portable
                } else {
                    backward
                };
                let slope = noise(units, 8);
                cell(
                    &mut gates,
                    &mut back,
                    before,
                    &from_state,
                    &slope,
                    &mut carry,
                );
                (gates, hidden, back, carry)
            };
            assert_eq!(run(false), run(true));
        }
    }
}
