//! A weighted sum of the parts of a frame on the device, for several models at once.

use dfdx::tensor::CudaError;

use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{Memory, Pointer, Tables, arguments};
use crate::model::ops::dense::cuda_kernel::{CHUNK_ROWS, column_totals};

use super::SizedSum;

/// What the forward pass leaves for the backward pass.
pub struct Kept {
    input: DeviceFrames,
    /// The parts' shares, `[models, parts]`.
    shares: Memory,
}

impl DeviceLayer for SizedSum {
    type Tables = ();
    type Kept = Kept;

    fn takes_shared(&self) -> bool {
        true
    }

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let chunks = scope.rows().div_ceil(CHUNK_ROWS);
        Demand {
            kept: scope.models * self.parts,
            working: scope.models * (chunks + 2) * self.parts * self.width,
        }
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Kept), CudaError> {
        let &[weights] = values else {
            unreachable!("a weighted sum has one array");
        };
        let (card, models, rows) = (run.card, run.models, run.before.rows);
        let (parts, width) = (self.parts, self.width);
        let shares = Memory::new(card, models * parts)?;
        card.launch(
            "weighted_sum_shares",
            (models, 1),
            arguments![of shares, at weights, int models, int parts],
        )?;
        let out = Memory::new(card, models * rows * width)?;
        card.launch_rows(
            "weighted_sum",
            (width, rows, models),
            arguments![
                of out, of input.values, of shares, int rows, int width, int parts, int input.shared,
            ],
        )?;
        Ok((out, Kept { input, shares }))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        kept: Kept,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let &[of_weights] = arrays.gradients else {
            unreachable!("a weighted sum has one array");
        };
        let (card, models, rows) = (run.card, run.models, run.before.rows);
        let (parts, width) = (self.parts, self.width);
        let Kept { input, shares } = kept;
        let chunks = rows.div_ceil(CHUNK_ROWS);
        let partial = Memory::new(card, models * chunks * parts * width)?;
        card.launch_rows(
            "weighted_sum_partial",
            (parts * width, chunks, models),
            arguments![
                of partial, of input.values, at of_output, int rows, int width, int parts, int chunks, int CHUNK_ROWS,
                int input.shared,
            ],
        )?;
        let sums = Memory::<f32>::zeros(card, models * parts * width)?;
        column_totals(card, sums.at(0), &partial, models, parts * width, chunks)?;
        let of_shares = Memory::<f32>::new(card, models * parts)?;
        card.launch(
            "weighted_sum_of_shares",
            (parts, models),
            arguments![of of_shares, of sums, int width, int parts],
        )?;
        card.launch(
            "weighted_sum_weights_back",
            (parts, models),
            arguments![at of_weights, of of_shares, of shares, int parts],
        )?;
        if !input_gradient {
            return Ok(None);
        }
        let of_input = Memory::new(card, models * rows * parts * width)?;
        card.launch_rows(
            "weighted_sum_back",
            (parts * width, rows, models),
            arguments![of of_input, at of_output, of shares, int rows, int width, int parts],
        )?;
        Ok(Some(of_input))
    }
}
