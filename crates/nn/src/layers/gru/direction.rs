//! One direction of gated recurrent units over sequences of different length, without arithmetic on padding: as
//! `lstm/direction.rs`, with the input projection of all steps as one product.

use pipe_foundation::Buffer;
use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

use crate::layers::recurrent_layer::Walk;

use super::cell;

/// Steps between two looks at whether to stop.
const LOOK_EVERY: usize = 4096;

/// Sizes of one direction.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub input: usize,
    pub units: usize,
}

impl Sizes {
    /// Values of both weights and both biases.
    pub fn parameters(self) -> usize {
        3 * self.units * (self.input + self.units + 2)
    }

    fn weights(self) -> (usize, usize) {
        let gates = 3 * self.units;
        (gates * self.input, gates * self.units)
    }
}

/// The weights of one direction, packed for the forward and the backward pass.
#[derive(Default)]
pub struct DirectionWeights {
    input: Packed,
    recurrent: Packed,
    /// Of the input, then of the state.
    bias: Vec<f32>,
    input_back: Packed,
    recurrent_back: Packed,
}

impl DirectionWeights {
    /// Packs weight_ih `[3 units, input]`, weight_hh `[3 units, units]`, bias_ih, bias_hh.
    pub fn pack(&mut self, sizes: Sizes, values: &[f32], backward: bool) {
        let (gates, units, width) = (3 * sizes.units, sizes.units, sizes.input);
        let (of_input, of_state) = sizes.weights();
        let (input, rest) = values.split_at(of_input);
        let (recurrent, bias) = rest.split_at(of_state);
        self.input.pack(input, width, gates, 1, width);
        self.recurrent.pack(recurrent, units, gates, 1, units);
        self.bias.clear();
        self.bias.extend_from_slice(bias);
        if backward {
            self.input_back.pack(input, gates, width, width, 1);
            self.recurrent_back.pack(recurrent, gates, units, units, 1);
        }
    }
}

/// What one direction computes and keeps for its backward pass.
#[derive(Default)]
pub struct DirectionPass {
    /// Activated gates `[rows, 3 units]`; dL/d(sums of the input) after the backward pass.
    gates: Buffer,
    /// Sums of the state of one step; dL/d(sums of the state) of all rows in the backward pass.
    recurrent: Buffer,
    /// What the candidate gets from the state before, `[rows, units]`.
    from_state: Buffer,
    hidden: Buffer,
    /// State that entered each row; zeros where a sequence begins.
    entered: Buffer,
    carry: Buffer,
    grad_input: Buffer,
    grad_values: Buffer,
    packed: Packed,
}

impl DirectionPass {
    /// States `[rows, units]`.
    pub fn hidden(&self) -> &[f32] {
        &self.hidden
    }

    /// dL/d(input) `[rows, input]`, after [`Self::input_gradient`].
    pub fn grad_input(&self) -> &[f32] {
        &self.grad_input
    }

    /// dL/d(flat values), after the backward pass.
    pub fn grad_values(&self) -> &[f32] {
        &self.grad_values
    }

    /// Forward over `input` `[rows, input]`. Incomplete once the walk is stopped.
    pub fn forward(
        &mut self,
        sizes: Sizes,
        weights: &DirectionWeights,
        walk: Walk<'_>,
        input: &[f32],
    ) {
        let (units, gates) = (sizes.units, 3 * sizes.units);
        let steps = walk.steps;
        let rows = steps.rows();
        self.gates.resize(rows * gates);
        for buffer in [&mut self.from_state, &mut self.hidden, &mut self.entered] {
            buffer.resize(rows * units);
        }
        let (width, projection) = (sizes.input, &weights.input);
        multiply(
            rows,
            input,
            width,
            projection,
            &mut self.gates,
            gates,
            false,
        );
        let mut previous: Option<(usize, usize)> = None;
        for index in 0..steps.steps() {
            if index % LOOK_EVERY == LOOK_EVERY - 1 && (walk.stopped)() {
                return;
            }
            let t = match walk.backward_in_time {
                true => steps.steps() - 1 - index,
                false => index,
            };
            let (first, count) = steps.step(t);
            // Rows that continue a sequence: all of them forward in time, those that were there already backward.
            let (from, continued) = previous.map_or((0, 0), |(from, was)| (from, was.min(count)));
            let entered = &mut self.entered[first * units..][..count * units];
            let (old, new) = entered.split_at_mut(continued * units);
            old.copy_from_slice(&self.hidden[from * units..][..continued * units]);
            new.fill(0.0);
            let recurrent = self.recurrent.resize(continued * gates);
            multiply(
                continued,
                old,
                units,
                &weights.recurrent,
                recurrent,
                gates,
                false,
            );
            for row in 0..count {
                let own = first + row;
                let (sums, before) = match row < continued {
                    true => (
                        &self.recurrent[row * gates..][..gates],
                        &self.entered[own * units..][..units],
                    ),
                    false => (&[][..], &[][..]),
                };
                cell::forward(
                    &mut self.gates[own * gates..][..gates],
                    sums,
                    &weights.bias,
                    before,
                    &mut self.from_state[own * units..][..units],
                    &mut self.hidden[own * units..][..units],
                );
            }
            previous = Some((first, count));
        }
    }

    /// Backward from dL/d(states) `[rows, units]` to the gradient of the values; `input` is that of the forward pass.
    pub fn backward(
        &mut self,
        sizes: Sizes,
        weights: &DirectionWeights,
        walk: Walk<'_>,
        input: &[f32],
        grad_hidden: &[f32],
    ) {
        let (units, gates) = (sizes.units, 3 * sizes.units);
        let steps = walk.steps;
        let (rows, count) = (steps.rows(), steps.steps());
        let widest = if count == 0 { 0 } else { steps.step(0).1 };
        self.carry.zeroed(widest * units);
        self.recurrent.resize(rows * gates);
        for index in 0..count {
            // Against the direction of the forward pass.
            let (t, before) = match walk.backward_in_time {
                true => (index, (index + 1 < count).then_some(index + 1)),
                false => {
                    let t = count - 1 - index;
                    (t, t.checked_sub(1))
                }
            };
            let (first, own) = steps.step(t);
            let continued = before.map_or(0, |t| steps.step(t).1.min(own));
            for row in 0..own {
                let at = first + row;
                let before = match row < continued {
                    true => &self.entered[at * units..][..units],
                    false => &[],
                };
                cell::backward(
                    &mut self.gates[at * gates..][..gates],
                    &mut self.recurrent[at * gates..][..gates],
                    before,
                    &self.from_state[at * units..][..units],
                    &grad_hidden[at * units..][..units],
                    &mut self.carry[row * units..][..units],
                );
            }
            let of_sums = &self.recurrent[first * gates..];
            let (back, carry) = (&weights.recurrent_back, &mut self.carry);
            multiply(continued, of_sums, gates, back, carry, units, true);
        }
        self.value_gradients(sizes, rows, input);
    }

    /// After [`Self::backward`]: dL/d(input).
    pub fn input_gradient(&mut self, sizes: Sizes, weights: &DirectionWeights) {
        let gates = 3 * sizes.units;
        let rows = self.gates.len() / gates;
        let to = self.grad_input.resize(rows * sizes.input);
        let back = &weights.input_back;
        multiply(rows, &self.gates, gates, back, to, sizes.input, false);
    }

    fn value_gradients(&mut self, sizes: Sizes, rows: usize, input: &[f32]) {
        let (units, gates, width) = (sizes.units, 3 * sizes.units, sizes.input);
        let (of_input, of_state) = sizes.weights();
        self.grad_values.resize(sizes.parameters());
        let (input_weight, rest) = self.grad_values.split_at_mut(of_input);
        let (state_weight, rest) = rest.split_at_mut(of_state);
        let (input_bias, state_bias) = rest.split_at_mut(gates);
        let packed = &mut self.packed;
        packed.pack(input, rows, width, width, 1);
        multiply_transposed(
            gates,
            &self.gates,
            gates,
            &*packed,
            input_weight,
            width,
            false,
        );
        packed.pack(&self.entered, rows, units, units, 1);
        let of_sums = &self.recurrent;
        multiply_transposed(gates, of_sums, gates, &*packed, state_weight, units, false);
        for (bias, sums) in [(input_bias, &self.gates), (state_bias, &self.recurrent)] {
            bias.fill(0.0);
            for row in sums.chunks_exact(gates) {
                bias.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
            }
        }
    }
}
