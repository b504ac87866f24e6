//! Dropout of frames or of the vectors after the pooling on the device; masks are the processor's, bit for bit.

use dfdx::tensor::CudaError;

use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::layers::seeds;
use crate::model::cuda::{Memory, Pointer, Tables, arguments};
use crate::model::ops::dropout::cuda_kernel::masks;

use super::SizedDropout;

/// Factors of the values of each model's utterances.
pub struct Masks {
    factors: Memory,
    /// Values of an utterance, as many as the longest has.
    length: usize,
}

impl SizedDropout {
    /// Multiplies frames by the masks.
    fn apply(&self, run: &DeviceRun<'_>, masks: &Masks, x: Pointer) -> Result<Memory, CudaError> {
        let (rows, width, packed) = (run.before.rows, self.before.width, run.packed);
        let out = Memory::new(run.card, run.models * rows * width)?;
        run.card.launch_rows(
            "dropout_frames",
            (width, rows, run.models),
            arguments![
                of out, at x, of masks.factors, at packed.at(run.before.utterance_of), at packed.at(run.before.first),
                int packed.packing.utterances, int masks.length, int rows, int width,
            ],
        )?;
        Ok(out)
    }
}

impl DeviceLayer for SizedDropout {
    type Tables = ();
    type Kept = Option<Masks>;

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let longest = scope.counts.iter().max().copied().unwrap_or(0);
        Demand {
            kept: scope.models * scope.counts.len() * longest * self.before.width,
            working: 0,
        }
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        _: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Option<Masks>), CudaError> {
        let Some(seeds) = run.seeds else {
            return Ok((input.values, None));
        };
        let places = run.packed.packing.places(run.before);
        let longest = places.iter().map(|place| place.1).max().unwrap_or(0);
        let of_model =
            |&seed: &u64| (0..places.len()).map(move |member| seeds::of_utterance(seed, member));
        let own: Vec<u64> = seeds.iter().flat_map(of_model).collect();
        let length = longest * self.before.width;
        let masks = Masks {
            factors: masks(run.card, &own, length, self.probability)?,
            length,
        };
        let out = self.apply(run, &masks, input.values.at(0))?;
        Ok((out, Some(masks)))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        kept: Option<Masks>,
        _: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        match kept {
            Some(masks) if input_gradient => self.apply(run, &masks, of_output).map(Some),
            _ => Ok(None),
        }
    }
}
