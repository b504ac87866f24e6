//! Statistics pooling on the device, for several models at once.

use dfdx::tensor::CudaError;

use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{Memory, Pointer, Tables, arguments};

use super::{EPSILON, SizedStatistics};

/// What the forward pass leaves for the backward pass.
pub struct Kept {
    input: DeviceFrames,
    /// `[models, utterances, 2 width]`: means, then deviations.
    statistics: Memory,
}

impl DeviceLayer for SizedStatistics {
    type Tables = ();
    type Kept = Kept;

    fn takes_shared(&self) -> bool {
        true
    }

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        Demand {
            kept: scope.models * scope.counts.len() * 2 * self.width,
            working: 0,
        }
    }

    /// From frames `[models, frames, width]` to `[models, utterances, 2 width]`.
    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        _: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Kept), CudaError> {
        let (own, packed, width) = (run.before, run.packed, self.width);
        let utterances = packed.packing.utterances;
        let length = run.models * utterances * 2 * width;
        let pooled = Memory::new(run.card, length)?;
        let statistics = Memory::new(run.card, length)?;
        run.card.launch_rows(
            "statistics_pool",
            (width, utterances, run.models),
            arguments![
                of pooled, of statistics, of input.values, at packed.at(own.first), at packed.at(own.count),
                float EPSILON, int utterances, int own.rows, int width, int input.shared,
            ],
        )?;
        Ok((pooled, Kept { input, statistics }))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        kept: Kept,
        _: DeviceArrays<'_>,
        of_pooled: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        if !input_gradient {
            return Ok(None);
        }
        let (own, packed, width) = (run.before, run.packed, self.width);
        let of_frames = Memory::new(run.card, run.models * own.rows * width)?;
        run.card.launch_rows(
            "statistics_pool_back",
            (width, own.rows, run.models),
            arguments![
                of of_frames, at of_pooled, of kept.statistics, of kept.input.values, at packed.at(own.utterance_of),
                at packed.at(own.count), int packed.packing.utterances, int own.rows, int width,
            ],
        )?;
        Ok(Some(of_frames))
    }
}
