//! The steps of an encoder layer of a transformer over the rows of a batch, on a CUDA device.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::affine_kernel::{AffineRows, Rows};
use crate::layers::on_device::DeviceRun;
use crate::model::cuda::{Card, Memory, Pointer, arguments};

use super::processor::Block;

/// Weight and bias of each part, or scale and offset, or their gradients.
pub struct Arrays {
    pub projection: [Pointer; 2],
    pub output: [Pointer; 2],
    pub linear1: [Pointer; 2],
    pub linear2: [Pointer; 2],
    pub norm1: [Pointer; 2],
    pub norm2: [Pointer; 2],
}

impl Arrays {
    /// The arrays in their order.
    pub fn new(pieces: &[Pointer]) -> Self {
        let (pairs, _) = pieces.as_chunks::<2>();
        let &[projection, output, linear1, linear2, norm1, norm2] = pairs else {
            unreachable!("an encoder layer has six pairs of arrays");
        };
        Self {
            projection,
            output,
            linear1,
            linear2,
            norm1,
            norm2,
        }
    }
}

/// The layer over the rows of a batch.
pub struct Layer<'a> {
    card: &'a Arc<Card>,
    block: &'a Block,
    /// Rows of a model.
    pub rows: usize,
    pub models: usize,
}

impl<'a> Layer<'a> {
    /// The layer where it runs.
    pub fn new(run: &DeviceRun<'a>, block: &'a Block) -> Self {
        Self {
            card: run.card,
            block,
            rows: run.before.rows,
            models: run.models,
        }
    }

    /// Rows of this many values, of all models.
    pub fn room(&self, width: usize) -> Result<Memory, CudaError> {
        Memory::new(self.card, self.models * self.rows * width)
    }

    fn rows_of(&self, memory: &Memory, width: usize) -> Rows {
        Rows {
            start: memory.at(0),
            stride: self.rows * width,
        }
    }

    /// `sum += more`, both `[models, rows, width]`.
    pub fn add(&self, sum: &Memory, more: Pointer) -> Result<(), CudaError> {
        let length = self.rows * self.block.width;
        self.card.launch(
            "transformer_add",
            (length, self.models),
            arguments![of sum, at more, int length],
        )
    }

    /// The rows that a product makes, `[models, rows, outputs]`.
    pub fn apply(
        &self,
        product: AffineRows,
        x: &Memory,
        of: [Pointer; 2],
    ) -> Result<Memory, CudaError> {
        let x = self.rows_of(x, product.inputs);
        product.forward(self.card, x, of[0], Some(of[1]))
    }

    /// The gradients of a product's weight and bias, and of its rows, from that of what came out.
    pub fn back(
        &self,
        product: AffineRows,
        x: &Memory,
        of_output: Pointer,
        weight: Pointer,
        gradients: [Pointer; 2],
    ) -> Result<Memory, CudaError> {
        let of_x = self.room(product.inputs)?;
        product.input_gradient(self.card, of_output, weight, of_x.at(0), false)?;
        self.back_to_values(product, x, of_output, gradients)?;
        Ok(of_x)
    }

    /// The gradients of a product's weight and bias alone.
    pub fn back_to_values(
        &self,
        product: AffineRows,
        x: &Memory,
        of_output: Pointer,
        [of_weight, of_bias]: [Pointer; 2],
    ) -> Result<(), CudaError> {
        let x = self.rows_of(x, product.inputs);
        product.add_parameter_gradients(self.card, x, of_output, of_weight, Some(of_bias))
    }

    /// Heads of so many projections apart from rows, or back.
    pub fn heads(
        &self,
        apart: &Memory,
        together: &Memory,
        projections: usize,
        back: bool,
    ) -> Result<(), CudaError> {
        let Block { width, heads, .. } = *self.block;
        self.card.launch_rows(
            "transformer_heads",
            (projections * width, self.rows, self.models),
            arguments![
                of apart, of together, int self.rows, int projections, int heads, int width / heads, int back,
            ],
        )
    }
}
