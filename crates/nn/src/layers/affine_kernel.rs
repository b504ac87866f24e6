//! `x Wᵀ + b` over rows of several models on a CUDA device, and the way back: a part of layers that have several of them.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{
    Card, Matrix, Memory, Pointer, Sizes, add_product_over_frames, arguments, values_of_parts,
};
use crate::model::ops::dense::cuda_kernel::column_sums;

/// Sizes of the rows of all models.
#[derive(Clone, Copy, Debug)]
pub struct AffineRows {
    pub inputs: usize,
    pub outputs: usize,
    /// Rows of a model.
    pub rows: usize,
    pub models: usize,
}

/// Rows that go in, `[models, rows, inputs]`.
#[derive(Clone, Copy)]
pub struct Rows {
    pub start: Pointer,
    /// Values from one model to the next; 0 where all share them.
    pub stride: usize,
}

impl AffineRows {
    /// `x Wᵀ + b` `[models, rows, outputs]`, or without a bias; the weight is `[models, outputs, inputs]`.
    pub fn forward(
        self,
        card: &Arc<Card>,
        x: Rows,
        weight: Pointer,
        bias: Option<Pointer>,
    ) -> Result<Memory, CudaError> {
        let Self {
            inputs,
            outputs,
            rows,
            models,
        } = self;
        let out = Memory::new(card, models * rows * outputs)?;
        if let Some(bias) = bias {
            card.launch_rows(
                "dense_bias",
                (outputs, rows, models),
                arguments![of out, at bias, int rows, int outputs],
            )?;
        }
        card.multiply(
            "dense product",
            self.sizes(rows, inputs, outputs),
            self.input(x),
            self.weights(weight).transposed(),
            self.output(out.at(0)),
            if bias.is_some() { 1.0 } else { 0.0 },
        )?;
        Ok(out)
    }

    /// Adds to the gradients of weight and bias.
    pub fn add_parameter_gradients(
        self,
        card: &Arc<Card>,
        x: Rows,
        of_output: Pointer,
        of_weight: Pointer,
        of_bias: Option<Pointer>,
    ) -> Result<(), CudaError> {
        add_product_over_frames(
            card,
            "dense weight gradient",
            self.sizes(self.outputs, self.rows, self.inputs),
            self.output(of_output),
            self.input(x),
            self.weights(of_weight),
        )?;
        let size = (self.models, self.rows, self.outputs);
        match of_bias {
            Some(of_bias) => column_sums(card, &[of_bias], of_output, size),
            None => Ok(()),
        }
    }

    /// dL/dx `[models, rows, inputs]`, to `to`, or added to what is there.
    pub fn input_gradient(
        self,
        card: &Card,
        of_output: Pointer,
        weight: Pointer,
        to: Pointer,
        adds: bool,
    ) -> Result<(), CudaError> {
        card.multiply(
            "dense input gradient",
            self.sizes(self.rows, self.outputs, self.inputs),
            self.output(of_output),
            self.weights(weight),
            self.input(Rows {
                start: to,
                stride: self.rows * self.inputs,
            }),
            if adds { 1.0 } else { 0.0 },
        )
    }

    /// Values that [`Self::add_parameter_gradients`] needs while it computes.
    pub fn working(self, card: &Card) -> usize {
        values_of_parts(card, self.sizes(self.outputs, self.rows, self.inputs))
    }

    fn sizes(self, rows: usize, inner: usize, columns: usize) -> Sizes {
        Sizes {
            rows,
            inner,
            columns,
            batch: self.models,
        }
    }

    fn input(self, x: Rows) -> Matrix {
        Matrix::new(x.start, self.inputs, x.stride)
    }

    fn output(self, start: Pointer) -> Matrix {
        Matrix::new(start, self.outputs, self.rows * self.outputs)
    }

    fn weights(self, start: Pointer) -> Matrix {
        Matrix::new(start, self.inputs, self.outputs * self.inputs)
    }
}
