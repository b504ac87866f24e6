//! The matrix products of recurrent layers on a CUDA device: all models and both directions take each step together.

use std::ops::Range;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{
    Card, Matrix, Memory, Pointer, Sizes, Steps, add_product_over_frames, after, values_of_parts,
};
use crate::model::ops::dense::cuda_kernel::column_sums;

use super::on_device::{DeviceRun, DeviceScope};

/// What measurements call the products.
#[derive(Debug)]
pub struct ProductNames {
    pub input: &'static str,
    pub recurrent: &'static str,
    pub recurrent_gradient: &'static str,
    pub input_weight_gradient: &'static str,
    pub recurrent_weight_gradient: &'static str,
    pub input_gradient: &'static str,
}

/// Sizes of a recurrent layer.
#[derive(Clone, Copy, Debug)]
pub struct RecurrentSizes {
    /// Input channels.
    pub input: usize,
    /// Units of each direction.
    pub units: usize,
    /// Sums of each direction: units times gates.
    pub sums: usize,
    pub directions: usize,
    pub names: &'static ProductNames,
}

/// The layer's arrays of all models and directions, or their gradients.
#[derive(Clone, Copy)]
pub struct RecurrentArrays {
    /// `[models, directions, sums, input]`.
    pub input: Pointer,
    /// `[models, directions, sums, units]`.
    pub hidden: Pointer,
    /// `[models, directions, sums]`.
    pub bias_input: Pointer,
    /// The same.
    pub bias_hidden: Pointer,
}

impl RecurrentArrays {
    /// The arrays of [`RecurrentSizes::pieces`].
    pub fn new(pieces: &[Pointer]) -> Self {
        let &[input, hidden, bias_input, bias_hidden] = pieces else {
            unreachable!("a recurrent layer has four arrays");
        };
        Self {
            input,
            hidden,
            bias_input,
            bias_hidden,
        }
    }
}

impl RecurrentSizes {
    /// The arrays, all directions of one together; a direction's four stand one after the other in the flat values.
    pub fn pieces(&self) -> Vec<Vec<Range<usize>>> {
        let lengths = [
            self.input * self.sums,
            self.units * self.sums,
            self.sums,
            self.sums,
        ];
        let mut pieces = vec![Vec::new(); lengths.len()];
        let mut start = 0;
        for _ in 0..self.directions {
            for (own, length) in pieces.iter_mut().zip(lengths) {
                own.push(start..start + length);
                start += length;
            }
        }
        pieces
    }

    /// Values that the gradients of the weights need while they are computed.
    pub fn working(&self, scope: &DeviceScope<'_>) -> usize {
        let of_weight = |directions, columns| Sizes {
            rows: self.sums * directions,
            inner: scope.rows(),
            columns,
            batch: scope.models,
        };
        let products = [(self.directions, self.input), (1, self.units)];
        let products = products.map(|own| values_of_parts(scope.card, of_weight(own.0, own.1)));
        products[0].max(products[1])
    }
}

/// A layer over a batch.
pub struct Recurrence<'a> {
    card: &'a Arc<Card>,
    own: RecurrentSizes,
    models: usize,
    /// Frames of a model.
    pub frames: usize,
    /// Models times directions.
    pub batch: usize,
    /// Most rows of a step.
    pub widest: usize,
}

impl<'a> Recurrence<'a> {
    /// The layer that walks by these steps.
    pub fn new(run: &DeviceRun<'a>, own: RecurrentSizes, steps: &Steps) -> Self {
        Self {
            card: run.card,
            models: run.models,
            frames: run.before.rows,
            batch: run.models * own.directions,
            widest: steps.steps.first().map_or(0, |step| step.1),
            own,
        }
    }

    /// Room for this many values of each frame and direction of all models.
    pub fn of_frames(&self, values: usize) -> Result<Memory, CudaError> {
        Memory::new(self.card, self.batch * self.frames * values)
    }

    /// Room for this many values of each row of a step, for all models and directions.
    pub fn of_step(&self, values: usize) -> Result<Memory, CudaError> {
        Memory::new(self.card, self.batch * self.widest * values)
    }

    /// The input's share of all sums, `[models, frames, directions, sums]`.
    pub fn input_sums(&self, input: &Memory, arrays: RecurrentArrays) -> Result<Memory, CudaError> {
        let sums = self.of_frames(self.own.sums)?;
        self.card.multiply(
            self.own.names.input,
            self.sizes(self.frames, self.own.input, self.all()),
            self.input(input),
            self.input_weights(arrays.input).transposed(),
            self.of_all(sums.at(0)),
            0.0,
        )?;
        Ok(sums)
    }

    /// The share of the states `[models * directions, widest, units]` of `count` rows in their sums.
    pub fn recurrent_sums(
        &self,
        count: usize,
        state: &Memory,
        arrays: RecurrentArrays,
        to: &Memory,
    ) -> Result<(), CudaError> {
        let RecurrentSizes { units, sums, .. } = self.own;
        self.card.multiply(
            self.own.names.recurrent,
            self.of_rows(count, units, sums),
            self.step(state, units),
            Matrix::new(arrays.hidden, units, sums * units).transposed(),
            self.step(to, sums),
            0.0,
        )
    }

    /// What the sums of `count` rows give back to the states before, to `carry` or added to it.
    pub fn recurrent_gradient(
        &self,
        count: usize,
        of_sums: &Memory,
        arrays: RecurrentArrays,
        carry: &Memory,
        adds: bool,
    ) -> Result<(), CudaError> {
        let RecurrentSizes { units, sums, .. } = self.own;
        self.card.multiply(
            self.own.names.recurrent_gradient,
            self.of_rows(count, sums, units),
            self.step(of_sums, sums),
            Matrix::new(arrays.hidden, units, sums * units),
            self.step(carry, units),
            if adds { 1.0 } else { 0.0 },
        )
    }

    /// Adds to the gradient of the input's weight, from that of its sums.
    pub fn add_input_gradients(
        &self,
        of_sums: &Memory,
        input: &Memory,
        weight: Pointer,
    ) -> Result<(), CudaError> {
        add_product_over_frames(
            self.card,
            self.own.names.input_weight_gradient,
            self.sizes(self.all(), self.frames, self.own.input),
            self.of_all(of_sums.at(0)),
            self.input(input),
            self.input_weights(weight),
        )
    }

    /// Adds to the gradient of the states' weight, from those of their sums and the states that entered.
    pub fn add_recurrent_gradients(
        &self,
        of_sums: &Memory,
        entered: &Memory,
        weight: Pointer,
    ) -> Result<(), CudaError> {
        let RecurrentSizes { units, sums, .. } = self.own;
        let (all, wide) = (self.all(), self.own.directions * units);
        for direction in 0..self.own.directions {
            add_product_over_frames(
                self.card,
                self.own.names.recurrent_weight_gradient,
                self.sizes(sums, self.frames, units),
                self.of_all(of_sums.at(direction * sums)),
                Matrix::new(entered.at(direction * units), wide, self.frames * wide),
                Matrix::new(after(weight, direction * sums * units), units, all * units),
            )?;
        }
        Ok(())
    }

    /// Adds to the gradients of biases, from those of their sums.
    pub fn add_bias_gradients(
        &self,
        of_sums: &Memory,
        biases: &[Pointer],
    ) -> Result<(), CudaError> {
        let size = (self.models, self.frames, self.all());
        column_sums(self.card, biases, of_sums.at(0), size)
    }

    /// dL/d(input), written over the input.
    pub fn input_gradient(
        &self,
        of_sums: &Memory,
        arrays: RecurrentArrays,
        input: Memory,
    ) -> Result<Memory, CudaError> {
        self.card.multiply(
            self.own.names.input_gradient,
            self.sizes(self.frames, self.all(), self.own.input),
            self.of_all(of_sums.at(0)),
            self.input_weights(arrays.input),
            self.input(&input),
            0.0,
        )?;
        Ok(input)
    }

    /// Sums of all directions.
    fn all(&self) -> usize {
        self.own.directions * self.own.sums
    }

    fn sizes(&self, rows: usize, inner: usize, columns: usize) -> Sizes {
        Sizes {
            rows,
            inner,
            columns,
            batch: self.models,
        }
    }

    fn of_rows(&self, rows: usize, inner: usize, columns: usize) -> Sizes {
        Sizes {
            batch: self.batch,
            ..self.sizes(rows, inner, columns)
        }
    }

    fn input(&self, input: &Memory) -> Matrix {
        let width = self.own.input;
        Matrix::new(input.at(0), width, self.frames * width)
    }

    fn input_weights(&self, start: Pointer) -> Matrix {
        Matrix::new(start, self.own.input, self.all() * self.own.input)
    }

    /// Sums of all directions in the order of the frames.
    fn of_all(&self, start: Pointer) -> Matrix {
        Matrix::new(start, self.all(), self.frames * self.all())
    }

    /// Rows of a step.
    fn step(&self, memory: &Memory, values: usize) -> Matrix {
        Matrix::new(memory.at(0), values, self.widest * values)
    }
}
