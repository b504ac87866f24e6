//! Layer normalisation on the device, of frames or of the vectors after the pooling.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{Card, Memory, Pointer, Tables, arguments};
use crate::model::ops::dense::cuda_kernel::{CHUNK_ROWS, column_totals};

use super::SizedNorm;

/// Normalises the rows of all models: a part of other layers, too.
#[derive(Clone, Copy, Debug)]
pub struct RowNorm {
    /// Rows of a model.
    pub rows: usize,
    pub width: usize,
    pub models: usize,
    /// Added to the variance.
    pub epsilon: f32,
}

/// The rows that went in, with mean and deviation of each.
pub struct Normalised {
    /// The rows.
    pub input: DeviceFrames,
    moments: Memory,
}

impl RowNorm {
    /// The normalised rows, `[models, rows, width]`; scale and offset are `[models, width]`.
    pub fn forward(
        self,
        card: &Arc<Card>,
        input: DeviceFrames,
        [scale, offset]: [Pointer; 2],
    ) -> Result<(Memory, Normalised), CudaError> {
        let Self {
            rows,
            width,
            models,
            epsilon,
        } = self;
        let readers = if input.shared { 1 } else { models };
        let moments = Memory::new(card, 2 * readers * rows)?;
        card.launch(
            "layer_norm_moments",
            (rows, readers),
            arguments![of moments, of input.values, float epsilon, int rows, int width],
        )?;
        let out = Memory::new(card, models * rows * width)?;
        card.launch_rows(
            "layer_norm",
            (width, rows, models),
            arguments![
                of out, of input.values, of moments, at scale, at offset, int rows, int width, int input.shared,
            ],
        )?;
        Ok((out, Normalised { input, moments }))
    }

    /// Adds to the gradients of scale and offset; gives that of the rows where `input_gradient`.
    pub fn backward(
        self,
        card: &Arc<Card>,
        kept: &Normalised,
        scale: Pointer,
        of_output: Pointer,
        [of_scale, of_offset]: [Pointer; 2],
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let Self {
            rows,
            width,
            models,
            ..
        } = self;
        let Normalised { input, moments } = kept;
        let chunks = rows.div_ceil(CHUNK_ROWS);
        let partial = [(); 2].map(|()| Memory::<f32>::new(card, models * chunks * width));
        let [products, sums] = partial;
        let (products, sums) = (products?, sums?);
        card.launch_rows(
            "layer_norm_partial",
            (width, chunks, models),
            arguments![
                of products, of sums, at of_output, of input.values, of moments, int rows, int width, int chunks,
                int CHUNK_ROWS, int input.shared,
            ],
        )?;
        column_totals(card, of_scale, &products, models, width, chunks)?;
        column_totals(card, of_offset, &sums, models, width, chunks)?;
        if !input_gradient {
            return Ok(None);
        }
        assert!(!input.shared, "frames that models share have no gradient");
        let sums = Memory::<f32>::new(card, 2 * models * rows)?;
        card.launch(
            "layer_norm_sums",
            (rows, models),
            arguments![of sums, at of_output, of input.values, of moments, at scale, int rows, int width],
        )?;
        let of_input = Memory::new(card, models * rows * width)?;
        card.launch_rows(
            "layer_norm_back",
            (width, rows, models),
            arguments![
                of of_input, at of_output, of input.values, of moments, of sums, at scale, int rows, int width,
            ],
        )?;
        Ok(Some(of_input))
    }

    /// Values that it keeps besides its input, and those that the backward pass needs while it computes.
    pub fn demand(self) -> Demand {
        let chunks = self.rows.div_ceil(CHUNK_ROWS);
        Demand {
            kept: 2 * self.models * self.rows,
            working: 2 * self.models * (self.rows + chunks * self.width),
        }
    }
}

impl SizedNorm {
    fn of_rows(&self, rows: usize, models: usize) -> RowNorm {
        RowNorm {
            rows,
            width: self.before.width,
            models,
            epsilon: self.epsilon,
        }
    }
}

impl DeviceLayer for SizedNorm {
    type Tables = ();
    type Kept = Normalised;

    fn takes_shared(&self) -> bool {
        true
    }

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        self.of_rows(scope.rows(), scope.models).demand()
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Normalised), CudaError> {
        let &[scale, offset] = values else {
            unreachable!("a normalisation has two arrays");
        };
        let own = self.of_rows(run.before.rows, run.models);
        own.forward(run.card, input, [scale, offset])
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        kept: Normalised,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let (&[scale, _], &[of_scale, of_offset]) = (arrays.values, arrays.gradients) else {
            unreachable!("a normalisation has two arrays");
        };
        let own = self.of_rows(run.before.rows, run.models);
        let gradients = [of_scale, of_offset];
        own.backward(run.card, &kept, scale, of_output, gradients, input_gradient)
    }
}
