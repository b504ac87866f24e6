//! The convolution block on the device, for several models at once: products, pooling; and the way back.
//!
//! The same sums as `naive`: `relu(max over the window of (patches W) + bias)`. Patches are never made: frames are
//! channels-last with zeros between utterances, so that a patch, `width` frames one after the other, is a stretch of
//! memory. Patches that begin `width` frames apart do not overlap, so they are the rows of a matrix as it is in memory,
//! and there are `width` such matrices, the *phases*: phase p has the patches of rows p, p + width, p + 2 width, and so
//! on. The gradient of the frames is a convolution, too, of the gradient with zeros around it by weights turned over in
//! time. The weights' gradient may be summed in more phases, by rows further apart, so that more SMs of the card have
//! something to do.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::conv::shape::ConvShape;
use crate::layers::on_device::{DeviceArrays, DeviceFrames, DeviceRun};
use crate::model::cuda::{
    Card, Frames, Matrix, Memory, Packed, Phased, Pointer, Sizes, add_product_over_phases,
    after as offset, arguments, parts,
};
use crate::model::ops::dense::cuda_kernel::{CHUNK_ROWS, column_totals};

/// Outputs of a tap that one thread turns over, as in the source.
const TURNED: usize = 8;

/// The frames between convolution and pooling: each in the row where what it reads begins.
pub struct Convolved {
    /// Rows in all are a multiple of `parts`.
    pub frames: Frames,
    /// Phases that the gradient of the weights is summed in, a multiple of the width.
    pub parts: usize,
}

/// What the forward pass leaves for the backward pass.
pub struct BlockPass {
    /// The frames that went in.
    pub frames: DeviceFrames,
    /// For each value that came out, the place of the maximum in its window, or a mark where ReLU cut it off.
    pub arg_max: Memory<u8>,
}

/// Rows over utterances with this many frames, between convolution and pooling, and the phases that the weights' gradient
/// is summed in.
pub fn rows_and_parts(sms: usize, conv: &ConvShape, counts: &[usize]) -> (usize, usize) {
    let rows = counts.iter().map(|count| conv.padding + count).sum();
    let sizes = Sizes {
        rows: conv.width * conv.input,
        inner: rows,
        columns: conv.output,
        batch: 1,
    };
    let parts = parts(sms, sizes, conv.width);
    (rows.next_multiple_of(parts), parts)
}

/// A convolution over a batch.
pub struct Block<'a> {
    card: &'a Arc<Card>,
    packed: &'a Packed,
    shape: &'a ConvShape,
    before: &'a Frames,
    middle: &'a Frames,
    after: &'a Frames,
    /// Phases of the weights' gradient.
    parts: usize,
    /// Values of a patch.
    window: usize,
    /// Models whose frames between convolution and pooling are in memory at one time.
    chunk: usize,
    models: usize,
}

impl<'a> Block<'a> {
    /// The convolution of `shape`.
    pub fn new(run: &DeviceRun<'a>, shape: &'a ConvShape, tables: &'a Convolved) -> Self {
        let middle = &tables.frames;
        let of_phase = of_phase(shape, middle.rows, run.models);
        Self {
            chunk: run.card.models_at_once(of_phase),
            window: shape.width * shape.input,
            before: run.before,
            after: run.after,
            parts: tables.parts,
            middle,
            card: run.card,
            packed: run.packed,
            shape,
            models: run.models,
        }
    }

    /// First models and numbers of models that are in memory together.
    pub fn chunks(&self) -> impl Iterator<Item = (usize, usize)> {
        let (models, chunk) = (self.models, self.chunk);
        (0..models)
            .step_by(chunk)
            .map(move |model| (model, chunk.min(models - model)))
    }

    /// The patches, or what follows from them, of the models from `model` on: rows of `channels`, this many per model,
    /// every `phases`-th of which is in one phase.
    fn phased(
        start: Pointer,
        model: usize,
        (phases, rows, channels): (usize, usize, usize),
    ) -> Phased {
        let all = Matrix::new(start, phases * channels, rows * channels);
        Phased {
            matrix: all.of(model),
            step: channels,
        }
    }

    /// The same of the frames that the block reads.
    fn frames(&self, frames: &DeviceFrames, model: usize, phases: usize) -> Phased {
        let (channels, start) = (self.shape.input, frames.values.at(0));
        match frames.shared {
            true => Phased {
                matrix: Matrix::new(start, phases * channels, 0),
                step: channels,
            },
            false => Self::phased(start, model, (phases, self.before.rows, channels)),
        }
    }

    /// A matrix of weights, `[window, columns]` or turned over, of the models from `model` on: the same in all phases.
    fn weights(&self, start: Pointer, model: usize, columns: usize) -> Phased {
        let length = self.shape.width * self.shape.input * self.shape.output;
        Phased {
            matrix: Matrix::new(start, columns, length).of(model),
            step: 0,
        }
    }

    /// The frames that come out.
    pub fn forward(
        &self,
        values: &[Pointer],
        frames: DeviceFrames,
    ) -> Result<(Memory, BlockPass), CudaError> {
        let &[weight, bias] = values else {
            unreachable!("a convolution has two arrays");
        };
        let (card, packed, shape) = (self.card, self.packed, self.shape);
        let (middle, after) = (self.middle, self.after);
        let channels = shape.output;
        let output = Memory::new(card, self.models * after.rows * channels)?;
        let arg_max = Memory::new(card, self.models * after.rows * channels)?;
        let convolved = self.room()?;
        for (model, count) in self.chunks() {
            self.convolve(weight, &frames, (model, count), &convolved)?;
            let pooled = model * after.rows * channels;
            let bias = offset(bias, model * channels);
            card.launch_rows(
                "conv_pool",
                (channels, after.rows, count),
                arguments![
                    at output.at(pooled), at arg_max.at(pooled), of convolved, at bias, at packed.at(after.utterance_of),
                    at packed.at(after.first), at packed.at(middle.first), int after.rows, int middle.rows, int channels,
                    int shape.pool_width, int shape.pool_stride,
                ],
            )?;
        }
        Ok((output, BlockPass { frames, arg_max }))
    }

    /// Room for the frames of [`Self::convolve`].
    pub fn room(&self) -> Result<Memory, CudaError> {
        Memory::new(self.card, self.chunk * self.middle.rows * self.shape.output)
    }

    /// The products of some models, `[count, rows, output]`.
    pub fn convolve(
        &self,
        weight: Pointer,
        frames: &DeviceFrames,
        (model, count): (usize, usize),
        convolved: &Memory,
    ) -> Result<(), CudaError> {
        let (width, channels, rows) = (self.shape.width, self.shape.output, self.middle.rows);
        let factors = [
            self.frames(frames, model, width),
            self.weights(weight, model, channels),
            Self::phased(convolved.at(0), 0, (width, rows, channels)),
        ];
        let sizes = of_phase(self.shape, rows, count);
        (self.card).multiply_phases("conv product", sizes, width, factors, 0.0)
    }

    /// Adds to the gradients of weight and bias; gives that of the frames where `input_gradient`.
    pub fn backward(
        &self,
        pass: &BlockPass,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let (&[weight, _], &[of_weight, of_bias]) = (arrays.values, arrays.gradients) else {
            unreachable!("a convolution has two arrays");
        };
        let BlockPass { frames, arg_max } = pass;
        let (card, packed, shape) = (self.card, self.packed, self.shape);
        let (middle, after, channels) = (self.middle, self.after, shape.output);
        self.add_bias_gradient(arg_max, of_output, of_bias)?;
        let convolved = Memory::<f32>::new(card, self.chunk * self.rows_back() * channels)?;
        let way = self.way_back(input_gradient)?;
        for (model, count) in self.chunks() {
            let pooled = model * after.rows * channels;
            card.launch_rows(
                "conv_pool_back",
                (channels, self.rows_back(), count),
                arguments![
                    of convolved, at offset(of_output, pooled), at arg_max.at(pooled), at packed.at(middle.utterance_of),
                    at packed.at(after.first), at packed.at(after.count), at packed.at(middle.first), int after.rows,
                    int middle.rows, int self.lead(), int channels, int shape.pool_width, int shape.pool_stride,
                ],
            )?;
            self.gradients(
                (weight, of_weight),
                frames,
                (model, count),
                &convolved,
                way.as_ref(),
            )?;
        }
        Ok(way.map(|way| way.of_frames))
    }

    /// Rows of zeros before the first of [`Self::rows_back`], for the frames that are at the end of a patch only.
    fn lead(&self) -> usize {
        self.shape.width - 1
    }

    /// Rows of the gradient between pooling and convolution.
    fn rows_back(&self) -> usize {
        self.lead() + self.middle.rows
    }

    /// Memory for the gradient of the frames, where it is needed.
    fn way_back(&self, input_gradient: bool) -> Result<Option<WayBack>, CudaError> {
        if !input_gradient {
            return Ok(None);
        }
        let (card, channels) = (self.card, self.shape.output);
        Ok(Some(WayBack {
            turned: Memory::new(card, self.chunk * self.window * channels)?,
            of_frames: Memory::new(card, self.models * self.before.rows * self.shape.input)?,
        }))
    }

    /// Adds to the gradient of the weight of some models, and writes that of their frames, from `convolved`, the gradient
    /// between pooling and convolution.
    fn gradients(
        &self,
        (weight, of_weight): (Pointer, Pointer),
        frames: &DeviceFrames,
        (model, count): (usize, usize),
        convolved: &Memory,
        way: Option<&WayBack>,
    ) -> Result<(), CudaError> {
        assert!(
            !frames.shared || way.is_none(),
            "frames that all models share have no gradient"
        );
        let (card, shape) = (self.card, self.shape);
        let (width, channels) = (shape.width, shape.output);
        let rows = self.rows_back();
        let own =
            |row, phases| Self::phased(convolved.at(row * channels), 0, (phases, rows, channels));
        add_product_over_phases(
            card,
            "conv weight gradient",
            Sizes {
                rows: self.window,
                inner: self.middle.rows / self.parts,
                columns: channels,
                batch: count,
            },
            self.parts,
            [
                self.frames(frames, model, self.parts),
                own(self.lead(), self.parts),
            ],
            self.weights(of_weight, model, channels).matrix,
        )?;
        let Some(WayBack { turned, of_frames }) = way else {
            return Ok(());
        };
        self.turn(turned, weight, (model, count))?;
        let factors = [
            own(0, width),
            self.weights(turned.at(0), 0, shape.input),
            Self::phased(
                of_frames.at(0),
                model,
                (width, self.before.rows, shape.input),
            ),
        ];
        let sizes = Sizes {
            inner: width * channels,
            columns: shape.input,
            ..of_phase(shape, self.middle.rows, count)
        };
        card.multiply_phases("conv input gradient", sizes, width, factors, 0.0)
    }

    /// Adds the sums of dL/d(output) where it passed ReLU to the biases' gradients.
    fn add_bias_gradient(
        &self,
        arg_max: &Memory<u8>,
        of_output: Pointer,
        gradient: Pointer,
    ) -> Result<(), CudaError> {
        let (rows, channels) = (self.after.rows, self.shape.output);
        let chunks = rows.div_ceil(CHUNK_ROWS);
        let partial = Memory::<f32>::new(self.card, self.models * chunks * channels)?;
        self.card.launch_rows(
            "conv_bias_partial",
            (channels, chunks, self.models),
            arguments![
                of partial, at of_output, of arg_max, int rows, int channels, int chunks, int CHUNK_ROWS,
            ],
        )?;
        column_totals(self.card, gradient, &partial, self.models, channels, chunks)
    }

    /// Turns over the weights of some models.
    fn turn(
        &self,
        turned: &Memory,
        weight: Pointer,
        (model, count): (usize, usize),
    ) -> Result<(), CudaError> {
        let ConvShape {
            width,
            input,
            output,
            ..
        } = *self.shape;
        let own = self.weights(weight, model, output).matrix.start();
        self.card.launch_rows(
            "conv_turn",
            (input, width * output.div_ceil(TURNED), count),
            arguments![of turned, at own, int width, int input, int output],
        )
    }
}

/// What is needed for the gradient of the frames.
struct WayBack {
    /// Weights of some models, turned over in time.
    turned: Memory,
    /// dL/d(frames) of all models.
    of_frames: Memory,
}

/// Sizes of the product of one phase, over this many rows in all phases between convolution and pooling.
pub fn of_phase(shape: &ConvShape, rows: usize, models: usize) -> Sizes {
    Sizes {
        rows: rows / shape.width,
        inner: shape.width * shape.input,
        columns: shape.output,
        batch: models,
    }
}
