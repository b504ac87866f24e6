//! A residual block of two convolutions on the device, for several models at once.
//!
//! Both are convolution blocks without pooling, whose kernels they take; only what is added between the second and its
//! ReLU is the block's own.

use std::ops::Range;

use dfdx::tensor::CudaError;

use crate::layers::conv::block_kernel::{Block as ConvBlock, BlockPass, Convolved};
use crate::layers::conv::shape::ConvShape;
use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{
    Matrix, Memory, Pointer, Sizes, Spacing, Tables, add_product_over_frames, after, arguments,
    values_of_parts,
};

use super::Block;
use super::same_conv::SameConv;

/// What the forward pass leaves for the backward pass.
pub struct Kept {
    first: BlockPass,
    second: BlockPass,
}

/// The convolution as a block without pooling.
fn shape(conv: SameConv) -> ConvShape {
    ConvShape {
        input: conv.input,
        output: conv.output,
        width: conv.width,
        padding: conv.width / 2,
        pool_width: 1,
        pool_stride: 1,
    }
}

impl Block {
    fn shapes(&self) -> [ConvShape; 2] {
        [self.first, self.second].map(shape)
    }

    /// Sizes of the product with the skip's weight.
    fn skip_sizes(&self, rows: usize, models: usize) -> Sizes {
        Sizes {
            rows,
            inner: self.first.input,
            columns: self.first.output,
            batch: models,
        }
    }

    /// Sizes of the gradient of the skip's weight.
    fn skip_gradient_sizes(&self, rows: usize, models: usize) -> Sizes {
        Sizes {
            rows: self.first.input,
            inner: rows,
            ..self.skip_sizes(rows, models)
        }
    }

    /// The frames that go in as a matrix.
    fn skip_input(&self, input: &DeviceFrames, rows: usize) -> Matrix {
        let width = self.first.input;
        Matrix::new(input.values.at(0), width, input.stride(rows * width))
    }

    /// The skip's weight `[models, input, output]` or its gradient.
    fn skip_weights(&self, start: Pointer) -> Matrix {
        Matrix::new(start, self.first.output, self.skip_values())
    }
}

impl DeviceLayer for Block {
    type Tables = Convolved;
    type Kept = Kept;

    fn spacing(&self, sms: usize, counts: &[usize]) -> Spacing {
        DeviceLayer::spacing(&shape(self.second), sms, counts)
    }

    fn takes_shared(&self) -> bool {
        true
    }

    fn fills_gaps(&self) -> bool {
        true
    }

    /// Both convolutions read and make frames that lie in the same way.
    fn lay(&self, sms: usize, counts: &[usize], tables: &mut Tables) -> Convolved {
        DeviceLayer::lay(&shape(self.second), sms, counts, tables)
    }

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let [first, second] = self.shapes().map(|conv| DeviceLayer::demand(&conv, scope));
        let rows = self.spacing(scope.card.sms(), scope.counts).rows;
        let output = self.first.output;
        let skip = match self.skip_values() {
            0 => 0,
            _ => {
                let of_weight = self.skip_gradient_sizes(rows, scope.models);
                scope.models * rows * output + values_of_parts(scope.card, of_weight)
            }
        };
        Demand {
            // The frames between both convolutions, and their gradient.
            kept: first.kept + second.kept + 2 * scope.models * rows * output,
            working: first.working.max(second.working) + skip,
        }
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Convolved,
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Kept), CudaError> {
        let DeviceRun {
            card,
            packed,
            models,
            before,
            after: made,
            ..
        } = *run;
        let (middle, channels) = (&tables.frames, self.first.output);
        let [first, second] = self.shapes();
        let inner = DeviceRun {
            after: before,
            ..*run
        };
        let projected = match values.get(4) {
            None => None,
            Some(&weight) => {
                let projected = Memory::<f32>::new(card, models * before.rows * channels)?;
                card.multiply(
                    "residual skip product",
                    self.skip_sizes(before.rows, models),
                    self.skip_input(&input, before.rows),
                    self.skip_weights(weight),
                    Matrix::new(projected.at(0), channels, before.rows * channels),
                    0.0,
                )?;
                Some(projected)
            }
        };
        let (hidden, first) =
            ConvBlock::new(&inner, &first, tables).forward(&values[..2], input)?;
        let hidden = DeviceFrames {
            values: hidden,
            shared: false,
        };
        let block = ConvBlock::new(&inner, &second, tables);
        let output = Memory::new(card, models * made.rows * channels)?;
        let passed = Memory::new(card, models * made.rows * channels)?;
        let convolved = block.room()?;
        let skip_shared = projected.is_none() && first.frames.shared;
        let skip = projected.as_ref().unwrap_or(&first.frames.values);
        for (model, count) in block.chunks() {
            block.convolve(values[2], &hidden, (model, count), &convolved)?;
            let own = model * made.rows * channels;
            let skipped = if skip_shared {
                0
            } else {
                model * before.rows * channels
            };
            card.launch_rows(
                "residual_sum",
                (channels, made.rows, count),
                arguments![
                    at output.at(own), at passed.at(own), of convolved, at after(values[3], model * channels),
                    at skip.at(skipped), at packed.at(made.utterance_of), at packed.at(made.first),
                    at packed.at(middle.first), at packed.at(before.first), int made.rows, int middle.rows,
                    int before.rows, int channels, int skip_shared,
                ],
            )?;
        }
        let second = BlockPass {
            frames: hidden,
            arg_max: passed,
        };
        Ok((output, Kept { first, second }))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        tables: &Convolved,
        kept: Kept,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let DeviceRun {
            card,
            packed,
            models,
            before,
            after: made,
            ..
        } = *run;
        let channels = self.first.output;
        let [first, second] = self.shapes();
        let inner = DeviceRun {
            after: before,
            ..*run
        };
        let part = |range: Range<usize>| DeviceArrays {
            values: &arrays.values[range.clone()],
            gradients: &arrays.gradients[range],
        };
        // dL/d(what is added), in the place of the frames that go in.
        let skip_back = |to: &Memory, adds: bool| {
            card.launch_rows(
                "residual_skip_back",
                (channels, before.rows, models),
                arguments![
                    of to, at of_output, of kept.second.arg_max, at packed.at(before.utterance_of),
                    at packed.at(before.first), at packed.at(made.first), int before.rows, int made.rows, int channels,
                    int adds,
                ],
            )
        };
        let of_skip = match arrays.gradients.get(4) {
            None => None,
            Some(&gradient) => {
                let of_skip = Memory::<f32>::new(card, models * before.rows * channels)?;
                skip_back(&of_skip, false)?;
                add_product_over_frames(
                    card,
                    "residual skip weight gradient",
                    self.skip_gradient_sizes(before.rows, models),
                    self.skip_input(&kept.first.frames, before.rows),
                    Matrix::new(of_skip.at(0), channels, before.rows * channels),
                    self.skip_weights(gradient),
                )?;
                Some(of_skip)
            }
        };
        let block = ConvBlock::new(run, &second, tables);
        let of_hidden = block.backward(&kept.second, part(2..4), of_output, true)?;
        let Some(of_hidden) = of_hidden else {
            unreachable!("the second convolution gives the gradient of its frames");
        };
        let block = ConvBlock::new(&inner, &first, tables);
        let from = of_hidden.at(0);
        let of_input = block.backward(&kept.first, part(0..2), from, input_gradient)?;
        let Some(of_input) = of_input else {
            return Ok(None);
        };
        match (&of_skip, arrays.values.get(4)) {
            (Some(of_skip), Some(&weight)) => {
                let width = self.first.input;
                card.multiply(
                    "residual skip input gradient",
                    Sizes {
                        rows: before.rows,
                        inner: channels,
                        columns: width,
                        batch: models,
                    },
                    Matrix::new(of_skip.at(0), channels, before.rows * channels),
                    self.skip_weights(weight).transposed(),
                    Matrix::new(of_input.at(0), width, before.rows * width),
                    1.0,
                )?;
            }
            _ => skip_back(&of_input, true)?,
        }
        Ok(Some(of_input))
    }
}
