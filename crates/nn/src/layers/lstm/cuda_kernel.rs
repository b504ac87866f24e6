//! A recurrent layer on the device: all models and both directions take each step of time together.

use std::ops::Range;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::lstm::shape::LstmShape;
use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::layers::recurrence_kernel::{ProductNames, Recurrence, RecurrentArrays, RecurrentSizes};
use crate::model::cuda::{Memory, Pointer, Steps, Tables, arguments};

const NAMES: ProductNames = ProductNames {
    input: "lstm input product",
    recurrent: "lstm recurrent product",
    recurrent_gradient: "lstm recurrent gradient",
    input_weight_gradient: "lstm input weight gradient",
    recurrent_weight_gradient: "lstm recurrent weight gradient",
    input_gradient: "lstm input gradient",
};

/// What the forward pass leaves for the backward pass: `[models, frames, directions, ..]`.
pub struct Kept {
    input: Memory,
    gates: Memory,
    cells: Memory,
    entered: Memory,
}

impl LstmShape {
    fn recurrent(&self) -> RecurrentSizes {
        RecurrentSizes {
            input: self.input,
            units: self.units,
            sums: 4 * self.units,
            directions: self.directions,
            names: &NAMES,
        }
    }
}

impl DeviceLayer for LstmShape {
    type Tables = Arc<Steps>;
    type Kept = Kept;

    fn pieces(&self) -> Vec<Vec<Range<usize>>> {
        self.recurrent().pieces()
    }

    fn lay(&self, _: usize, counts: &[usize], tables: &mut Tables) -> Arc<Steps> {
        tables.steps(counts)
    }

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let (rows, utterances) = (scope.rows(), scope.counts.len());
        // Gates, cells, states entered; then what steps hand to each other.
        let own = rows * 6 * self.units + utterances * 6 * self.units;
        Demand {
            kept: scope.models * (self.directions * own + rows * self.input),
            working: self.recurrent().working(scope),
        }
    }

    /// From frames `[models, frames, input]` to frames `[models, frames, directions * units]`.
    ///
    /// What a step hands to the next stays in small buffers that the card's cache holds: the sums of all steps pass
    /// through memory once for the input's share and once for the activations.
    fn forward(
        &self,
        run: &DeviceRun<'_>,
        steps: &Arc<Steps>,
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Kept), CudaError> {
        let arrays = RecurrentArrays::new(values);
        let walk = Recurrence::new(run, self.recurrent(), steps);
        let (units, source) = (self.units, run.packed.at(steps.source));
        let kept = Kept {
            gates: walk.input_sums(&input.values, arrays)?,
            cells: walk.of_frames(units)?,
            entered: walk.of_frames(units)?,
            input: input.values,
        };
        let hidden = walk.of_frames(units)?;
        let (state, recurrent) = (walk.of_step(units)?, walk.of_step(4 * units)?);
        for (index, &(first, count)) in steps.steps.iter().enumerate() {
            let continues = index > 0;
            if continues {
                walk.recurrent_sums(count, &state, arrays, &recurrent)?;
            }
            run.card.launch_rows(
                "lstm_cell",
                (units, count, walk.batch),
                arguments![
                    of kept.gates, of kept.cells, of hidden, of kept.entered, of state, of recurrent,
                    at arrays.bias_input, at arrays.bias_hidden, at source, int walk.frames, int units,
                    int self.directions, int walk.widest, int first, int count, int continues,
                ],
            )?;
        }
        Ok((hidden, kept))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        steps: &Arc<Steps>,
        kept: Kept,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let [weights, gradients] = [arrays.values, arrays.gradients].map(RecurrentArrays::new);
        let walk = Recurrence::new(run, self.recurrent(), steps);
        let (units, source) = (self.units, run.packed.at(steps.source));
        let recurrent = walk.of_step(4 * units)?;
        let (carry_hidden, carry_cell) = (walk.of_step(units)?, walk.of_step(units)?);
        let mut continued = 0;
        for (index, &(first, count)) in steps.steps.iter().enumerate().rev() {
            let continues = index > 0;
            run.card.launch_rows(
                "lstm_cell_back",
                (units, count, walk.batch),
                arguments![
                    of kept.gates, of recurrent, of carry_cell, of carry_hidden, of kept.cells, at of_output, at source,
                    int walk.frames, int units, int self.directions, int walk.widest, int first, int count,
                    int continued, int continues,
                ],
            )?;
            if continues {
                walk.recurrent_gradient(count, &recurrent, weights, &carry_hidden, false)?;
            }
            continued = count;
        }
        walk.add_input_gradients(&kept.gates, &kept.input, gradients.input)?;
        walk.add_recurrent_gradients(&kept.gates, &kept.entered, gradients.hidden)?;
        walk.add_bias_gradients(&kept.gates, &[gradients.bias_input, gradients.bias_hidden])?;
        if !input_gradient {
            return Ok(None);
        }
        walk.input_gradient(&kept.gates, weights, kept.input)
            .map(Some)
    }
}
