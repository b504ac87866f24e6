//! One direction of an LSTM layer over sequences of different length, without arithmetic on padding.
//!
//! Weights, gate order (input, forget, cell, output) and the two biases are those of `torch.nn.LSTM`.
//! The input projection of all steps is one product; the loop over time multiplies by weights packed
//! once. The backward direction needs no reversal: it walks the same rows from the last step to the
//! first, and a sequence joins in with a zero state where it ends.

use pipe_foundation::Buffer;
use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

use crate::layers::steps::Steps;

use super::cell;
use super::shape::LstmShape;

/// Where the four arrays of one direction are in its flat parameters.
#[derive(Clone, Copy)]
pub struct DirectionLayout {
    input: usize,
    units: usize,
}

impl DirectionLayout {
    /// The layout for a layer.
    pub fn new(shape: &LstmShape) -> Self {
        Self {
            input: shape.input,
            units: shape.units,
        }
    }

    /// Splits flat parameters into weight_ih `[4 units, input]`, weight_hh `[4 units, units]`, bias_ih, bias_hh.
    pub fn split<'a>(&self, values: &'a [f32]) -> [&'a [f32]; 4] {
        let gates = 4 * self.units;
        let (input, rest) = values.split_at(gates * self.input);
        let (recurrent, rest) = rest.split_at(gates * self.units);
        let (first, second) = rest.split_at(gates);
        [input, recurrent, first, second]
    }

    /// Sizes of the four arrays.
    #[cfg(feature = "cuda")]
    pub fn lengths(&self) -> [usize; 4] {
        let gates = 4 * self.units;
        [gates * self.input, gates * self.units, gates, gates]
    }

    fn split_mut<'a>(&self, values: &'a mut [f32]) -> [&'a mut [f32]; 4] {
        let gates = 4 * self.units;
        let (input, rest) = values.split_at_mut(gates * self.input);
        let (recurrent, rest) = rest.split_at_mut(gates * self.units);
        let (first, second) = rest.split_at_mut(gates);
        [input, recurrent, first, second]
    }
}

/// The weights of one direction, packed for the forward and the backward pass.
#[derive(Default)]
pub struct DirectionWeights {
    input: Packed,
    recurrent: Packed,
    bias: Vec<f32>,
    input_back: Packed,
    recurrent_back: Packed,
}

impl DirectionWeights {
    /// Packs the flat parameters; the backward forms only where `training`.
    pub fn pack(&mut self, layout: DirectionLayout, values: &[f32], training: bool) {
        let (gates, units, width) = (4 * layout.units, layout.units, layout.input);
        let [input, recurrent, first, second] = layout.split(values);
        self.input.pack(input, width, gates, 1, width);
        self.recurrent.pack(recurrent, units, gates, 1, units);
        self.bias.clear();
        self.bias
            .extend(first.iter().zip(second).map(|(a, b)| a + b));
        if training {
            self.input_back.pack(input, gates, width, width, 1);
            self.recurrent_back.pack(recurrent, gates, units, units, 1);
        }
    }
}

/// What one direction computes and keeps for its backward pass.
#[derive(Default)]
pub struct DirectionPass {
    /// Activated gates `[rows, 4 units]`; their gradients after the backward pass.
    gates: Buffer,
    cells: Buffer,
    cells_tanh: Buffer,
    hidden: Buffer,
    grad_input: Buffer,
    grad_weights: Buffer,
    carry_hidden: Buffer,
    carry_cell: Buffer,
    /// Hidden state that entered each row; zeros where a sequence begins.
    entered: Buffer,
    packed: Packed,
}

impl DirectionPass {
    /// Hidden states `[rows, units]`.
    pub fn hidden(&self) -> &[f32] {
        &self.hidden
    }

    /// dL/d(input) `[rows, input]`, after [`Self::input_gradient`].
    pub fn grad_input(&self) -> &[f32] {
        &self.grad_input
    }

    /// dL/d(flat parameters), after the backward pass.
    pub fn grad_weights(&self) -> &[f32] {
        &self.grad_weights
    }

    /// Forward over `input` `[rows, input]`. Incomplete once `stopped` says so.
    pub fn forward(
        &mut self,
        layout: DirectionLayout,
        weights: &DirectionWeights,
        steps: &Steps,
        backward_in_time: bool,
        input: &[f32],
        stopped: &dyn Fn() -> bool,
    ) {
        /// Steps between two looks at whether to stop.
        const LOOK_EVERY: usize = 4096;
        let units = layout.units;
        let rows = steps.rows();
        self.gates.resize(rows * 4 * units);
        for buffer in [&mut self.cells, &mut self.cells_tanh, &mut self.hidden] {
            buffer.resize(rows * units);
        }
        multiply(
            rows,
            input,
            layout.input,
            &weights.input,
            &mut self.gates,
            4 * units,
            false,
        );
        let mut previous: Option<(usize, usize)> = None;
        for index in 0..steps.steps() {
            if index % LOOK_EVERY == LOOK_EVERY - 1 && stopped() {
                return;
            }
            let t = if backward_in_time {
                steps.steps() - 1 - index
            } else {
                index
            };
            let (first, count) = steps.step(t);
            // Rows that continue a sequence: all of them forward in time, those that were there already backward.
            let (from, continued) = previous.map_or((0, 0), |(from, was)| (from, was.min(count)));
            let gates = &mut self.gates[first * 4 * units..][..count * 4 * units];
            multiply(
                continued,
                &self.hidden[from * units..],
                units,
                &weights.recurrent,
                gates,
                4 * units,
                true,
            );
            for row in 0..count {
                let own = (first + row) * units;
                let before = (row < continued).then_some((from + row) * units);
                let (past, cells, future) = around(&mut self.cells, own, units);
                let before = before.map(|at| {
                    if at < own {
                        &past[at..at + units]
                    } else {
                        &future[at - own - units..][..units]
                    }
                });
                cell::forward(
                    &mut gates[row * 4 * units..][..4 * units],
                    &weights.bias,
                    before.unwrap_or(&[]),
                    cells,
                    &mut self.cells_tanh[own..own + units],
                    &mut self.hidden[own..own + units],
                );
            }
            previous = Some((first, count));
        }
    }

    /// Backward from dL/d(hidden) `[rows, units]` to the gradient of the weights; `input` is that of the forward pass.
    pub fn backward(
        &mut self,
        layout: DirectionLayout,
        weights: &DirectionWeights,
        steps: &Steps,
        backward_in_time: bool,
        input: &[f32],
        grad_hidden: &[f32],
    ) {
        let units = layout.units;
        let rows = steps.rows();
        let widest = if steps.steps() == 0 {
            0
        } else {
            steps.step(0).1
        };
        for carry in [&mut self.carry_hidden, &mut self.carry_cell] {
            carry.zeroed(widest * units);
        }
        self.entered.resize(rows * units);
        for index in 0..steps.steps() {
            // Against the direction of the forward pass.
            let (t, before) = if backward_in_time {
                (index, (index + 1 < steps.steps()).then_some(index + 1))
            } else {
                let t = steps.steps() - 1 - index;
                (t, t.checked_sub(1))
            };
            let (first, count) = steps.step(t);
            let (from, continued) = before.map_or((0, 0), |t| {
                let (from, was) = steps.step(t);
                (from, was.min(count))
            });
            for row in 0..count {
                let own = (first + row) * units;
                let before = if row < continued {
                    let at = (from + row) * units;
                    self.entered[own..own + units].copy_from_slice(&self.hidden[at..at + units]);
                    &self.cells[at..at + units]
                } else {
                    self.entered[own..own + units].fill(0.0);
                    &[]
                };
                cell::backward(
                    &mut self.gates[4 * own..][..4 * units],
                    before,
                    &self.cells_tanh[own..own + units],
                    &grad_hidden[own..own + units],
                    &self.carry_hidden[row * units..][..units],
                    &mut self.carry_cell[row * units..][..units],
                );
            }
            multiply(
                continued,
                &self.gates[first * 4 * units..],
                4 * units,
                &weights.recurrent_back,
                &mut self.carry_hidden,
                units,
                false,
            );
        }
        self.weight_gradients(layout, rows, input);
    }

    /// After [`Self::backward`]: dL/d(input), which the first layer of a network does not need.
    pub fn input_gradient(&mut self, layout: DirectionLayout, weights: &DirectionWeights) {
        let gates = 4 * layout.units;
        let rows = self.gates.len() / gates;
        self.grad_input.resize(rows * layout.input);
        multiply(
            rows,
            &self.gates,
            gates,
            &weights.input_back,
            &mut self.grad_input,
            layout.input,
            false,
        );
    }

    /// Gradients of the flat parameters from the gates' gradients.
    fn weight_gradients(&mut self, layout: DirectionLayout, rows: usize, input: &[f32]) {
        let (units, gates) = (layout.units, 4 * layout.units);
        self.grad_weights.resize(gates * (layout.input + units + 2));
        let [of_input, of_recurrent, first, second] = layout.split_mut(&mut self.grad_weights);
        self.packed.pack(input, rows, layout.input, layout.input, 1);
        multiply_transposed(
            gates,
            &self.gates,
            gates,
            &self.packed,
            of_input,
            layout.input,
            false,
        );
        self.packed.pack(&self.entered, rows, units, units, 1);
        multiply_transposed(
            gates,
            &self.gates,
            gates,
            &self.packed,
            of_recurrent,
            units,
            false,
        );
        first.fill(0.0);
        for row in self.gates.chunks_exact(gates) {
            first.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
        }
        second.copy_from_slice(first);
    }
}

/// `values` cut into what is before, at and after `own..own + width`.
fn around(values: &mut [f32], own: usize, width: usize) -> (&[f32], &mut [f32], &[f32]) {
    let (past, rest) = values.split_at_mut(own);
    let (cells, future) = rest.split_at_mut(width);
    (past, cells, future)
}

#[cfg(test)]
mod tests;
