//! Pooling over time on the device, for several models at once.

use dfdx::tensor::CudaError;

use super::how::TimePool;
use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{Memory, Pointer, Tables, arguments};

use super::SizedPool;

impl DeviceLayer for SizedPool {
    type Tables = ();
    type Kept = ();

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, _: &DeviceScope<'_>) -> Demand {
        Demand::default()
    }

    /// From frames `[models, frames, width]` to `[models, utterances, width]`.
    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        _: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, ()), CudaError> {
        let (own, packed, width) = (run.before, run.packed, self.width);
        let (utterances, frames) = (packed.packing.utterances, &input.values);
        let (first, count) = (packed.at(own.first), packed.at(own.count));
        let pooled = Memory::new(run.card, run.models * utterances * width)?;
        let size = (width, utterances, run.models);
        match self.how {
            TimePool::Mean => run.card.launch_rows(
                "time_mean",
                size,
                arguments![
                    of pooled, of frames, at first, at count, int utterances, int own.rows, int width,
                ],
            ),
            TimePool::LastStates => run.card.launch_rows(
                "time_last",
                size,
                arguments![
                    of pooled, of frames, at first, at count, int utterances, int own.rows, int width, int self.forward,
                ],
            ),
        }?;
        Ok((pooled, ()))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        (): (),
        _: DeviceArrays<'_>,
        of_pooled: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        if !input_gradient {
            return Ok(None);
        }
        let (own, packed, width) = (run.before, run.packed, self.width);
        let utterances = packed.packing.utterances;
        let (first, count) = (packed.at(own.first), packed.at(own.count));
        let utterance_of = packed.at(own.utterance_of);
        let of_frames = Memory::new(run.card, run.models * own.rows * width)?;
        let size = (width, own.rows, run.models);
        match self.how {
            TimePool::Mean => run.card.launch_rows(
                "time_mean_back",
                size,
                arguments![
                    of of_frames, at of_pooled, at utterance_of, at count, int utterances, int own.rows, int width,
                ],
            ),
            TimePool::LastStates => run.card.launch_rows(
                "time_last_back",
                size,
                arguments![
                    of of_frames, at of_pooled, at utterance_of, at first, at count, int utterances, int own.rows,
                    int width, int self.forward,
                ],
            ),
        }?;
        Ok(Some(of_frames))
    }
}
