//! Gated recurrent units on the device: all models and both directions take each step of time together.

use std::ops::Range;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::layers::recurrence_kernel::{ProductNames, Recurrence, RecurrentArrays, RecurrentSizes};
use crate::model::cuda::{Memory, Pointer, Steps, Tables, arguments};

use super::SizedGru;

const NAMES: ProductNames = ProductNames {
    input: "gru input product",
    recurrent: "gru recurrent product",
    recurrent_gradient: "gru recurrent gradient",
    input_weight_gradient: "gru input weight gradient",
    recurrent_weight_gradient: "gru recurrent weight gradient",
    input_gradient: "gru input gradient",
};

/// What the forward pass leaves for the backward pass: `[models, frames, directions, ..]`.
pub struct Kept {
    input: Memory,
    gates: Memory,
    entered: Memory,
    from_state: Memory,
}

impl SizedGru {
    fn recurrent(&self) -> RecurrentSizes {
        RecurrentSizes {
            input: self.sizes.input,
            units: self.sizes.units,
            sums: 3 * self.sizes.units,
            directions: self.directions,
            names: &NAMES,
        }
    }
}

impl DeviceLayer for SizedGru {
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
        // Gates, states entered, what candidates get; gradients of the states' sums; then what steps hand to each other.
        let own = rows * (5 + 3) * self.sizes.units + utterances * 4 * self.sizes.units;
        Demand {
            kept: scope.models * self.directions * own,
            working: self.recurrent().working(scope),
        }
    }

    /// From frames `[models, frames, input]` to frames `[models, frames, directions * units]`.
    fn forward(
        &self,
        run: &DeviceRun<'_>,
        steps: &Arc<Steps>,
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Kept), CudaError> {
        let arrays = RecurrentArrays::new(values);
        let walk = Recurrence::new(run, self.recurrent(), steps);
        let (units, source) = (self.sizes.units, run.packed.at(steps.source));
        let kept = Kept {
            gates: walk.input_sums(&input.values, arrays)?,
            entered: walk.of_frames(units)?,
            from_state: walk.of_frames(units)?,
            input: input.values,
        };
        let hidden = walk.of_frames(units)?;
        let (state, recurrent) = (walk.of_step(units)?, walk.of_step(3 * units)?);
        for (index, &(first, count)) in steps.steps.iter().enumerate() {
            let continues = index > 0;
            if continues {
                walk.recurrent_sums(count, &state, arrays, &recurrent)?;
            }
            run.card.launch_rows(
                "gru_cell",
                (units, count, walk.batch),
                arguments![
                    of kept.gates, of hidden, of kept.entered, of kept.from_state, of state, of recurrent,
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
        let (units, source) = (self.sizes.units, run.packed.at(steps.source));
        // dL/d(sums of the state), in the order of the frames and of the rows of a step.
        let (of_state, recurrent) = (walk.of_frames(3 * units)?, walk.of_step(3 * units)?);
        let carry = walk.of_step(units)?;
        let mut continued = 0;
        for (index, &(first, count)) in steps.steps.iter().enumerate().rev() {
            run.card.launch_rows(
                "gru_cell_back",
                (units, count, walk.batch),
                arguments![
                    of kept.gates, of of_state, of recurrent, of carry, of kept.entered, of kept.from_state, at of_output,
                    at source, int walk.frames, int units, int self.directions, int walk.widest, int first, int count,
                    int continued,
                ],
            )?;
            if index > 0 {
                walk.recurrent_gradient(count, &recurrent, weights, &carry, true)?;
            }
            continued = count;
        }
        walk.add_input_gradients(&kept.gates, &kept.input, gradients.input)?;
        walk.add_recurrent_gradients(&of_state, &kept.entered, gradients.hidden)?;
        walk.add_bias_gradients(&kept.gates, &[gradients.bias_input])?;
        walk.add_bias_gradients(&of_state, &[gradients.bias_hidden])?;
        if !input_gradient {
            return Ok(None);
        }
        walk.input_gradient(&kept.gates, weights, kept.input)
            .map(Some)
    }
}
