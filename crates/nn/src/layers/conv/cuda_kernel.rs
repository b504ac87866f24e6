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
use crate::model::cuda::{
    Card, Frames, Matrix, Memory, Packed, Phased, Pointer, Sizes, add_product_over_phases,
    arguments,
};
use crate::model::ops::dense::cuda_kernel::{CHUNK_ROWS, column_totals};

/// Outputs of a tap that one thread turns over, as in the source.
const TURNED: usize = 8;

/// What the forward pass leaves for the backward pass.
pub struct BlockPass {
    /// `[inputs, rows, input]`.
    frames: Memory,
    /// Models that the frames differ for: one where all share them.
    inputs: usize,
    arg_max: Memory<u8>,
}

/// Weight and bias of all models, or their gradients.
#[derive(Clone, Copy)]
pub struct BlockArrays {
    /// `[models, width, input, output]`.
    pub weight: Pointer,
    /// `[models, output]`.
    pub bias: Pointer,
}

/// Block `index` of the network over a batch.
struct Block<'a> {
    card: &'a Arc<Card>,
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
    fn new(
        card: &'a Arc<Card>,
        shape: &'a ConvShape,
        packed: &'a Packed,
        index: usize,
        models: usize,
    ) -> Self {
        let packing = &packed.packing;
        let middle = &packing.convolved[index];
        Self {
            chunk: card.models_at_once(of_phase(shape, middle.rows, models)),
            window: shape.width * shape.input,
            before: &packing.frames[index],
            after: &packing.frames[index + 1],
            parts: packing.parts[index],
            middle,
            card,
            shape,
            models,
        }
    }

    /// First models and numbers of models that are in memory together.
    fn chunks(&self) -> impl Iterator<Item = (usize, usize)> {
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
    fn frames(&self, frames: &Memory, inputs: usize, model: usize, phases: usize) -> Phased {
        let channels = self.shape.input;
        match inputs {
            // All models read the same.
            1 => Phased {
                matrix: Matrix::new(frames.at(0), phases * channels, 0),
                step: channels,
            },
            _ => Self::phased(frames.at(0), model, (phases, self.before.rows, channels)),
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

/// Block `index` of the network over a batch, for `models` models; `frames` are those of `inputs` models (1 or all).
pub fn forward(
    card: &Arc<Card>,
    shape: &ConvShape,
    packed: &Packed,
    index: usize,
    (models, inputs): (usize, usize),
    arrays: BlockArrays,
    frames: Memory,
) -> Result<(Memory, BlockPass), CudaError> {
    let block = Block::new(card, shape, packed, index, models);
    let (middle, after) = (block.middle, block.after);
    let (width, channels) = (shape.width, shape.output);
    let output = Memory::new(card, models * after.rows * channels)?;
    let arg_max = Memory::new(card, models * after.rows * channels)?;
    let convolved = Memory::<f32>::new(card, block.chunk * middle.rows * channels)?;
    for (model, count) in block.chunks() {
        let factors = [
            block.frames(&frames, inputs, model, width),
            block.weights(arrays.weight, model, channels),
            Block::phased(convolved.at(0), 0, (width, middle.rows, channels)),
        ];
        let sizes = of_phase(shape, middle.rows, count);
        card.multiply_phases("conv product", sizes, width, factors, 0.0)?;
        let pooled = model * after.rows * channels;
        let bias = arrays.bias + (model * channels * size_of::<f32>()) as Pointer;
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
    let pass = BlockPass {
        frames,
        inputs,
        arg_max,
    };
    Ok((output, pass))
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of a pass, each borrowed on its own"
)]
/// Adds to the gradients of weight and bias; gives that of the frames where `input_gradient`.
pub fn backward(
    card: &Arc<Card>,
    shape: &ConvShape,
    packed: &Packed,
    index: usize,
    models: usize,
    pass: BlockPass,
    grad_output: &Memory,
    (weights, gradients): (BlockArrays, BlockArrays),
    input_gradient: bool,
) -> Result<Option<Memory>, CudaError> {
    let BlockPass {
        frames,
        inputs,
        arg_max,
    } = pass;
    let block = Block::new(card, shape, packed, index, models);
    let (before, middle, after) = (block.before, block.middle, block.after);
    let (width, channels) = (shape.width, shape.output);
    assert!(
        inputs == models || !input_gradient,
        "frames that all models share have no gradient"
    );
    block.add_bias_gradient(&arg_max, grad_output, gradients.bias)?;
    // Zeros before the first row, for the frames that are at the end of a patch only.
    let lead = width - 1;
    let convolved = Memory::<f32>::new(card, block.chunk * (lead + middle.rows) * channels)?;
    let turned = match input_gradient {
        true => Some(Memory::<f32>::new(
            card,
            block.chunk * block.window * channels,
        )?),
        false => None,
    };
    let grad_frames = match input_gradient {
        true => Some(Memory::new(card, models * before.rows * shape.input)?),
        false => None,
    };
    for (model, count) in block.chunks() {
        let pooled = model * after.rows * channels;
        card.launch_rows(
            "conv_pool_back",
            (channels, lead + middle.rows, count),
            arguments![
                of convolved, at grad_output.at(pooled), at arg_max.at(pooled), at packed.at(middle.utterance_of),
                at packed.at(after.first), at packed.at(after.count), at packed.at(middle.first), int after.rows,
                int middle.rows, int lead, int channels, int shape.pool_width, int shape.pool_stride,
            ],
        )?;
        let rows = lead + middle.rows;
        let own =
            |row, phases| Block::phased(convolved.at(row * channels), 0, (phases, rows, channels));
        add_product_over_phases(
            card,
            "conv weight gradient",
            Sizes {
                rows: block.window,
                inner: middle.rows / block.parts,
                columns: channels,
                batch: count,
            },
            block.parts,
            [
                block.frames(&frames, inputs, model, block.parts),
                own(lead, block.parts),
            ],
            block.weights(gradients.weight, model, channels).matrix,
        )?;
        let (Some(turned), Some(grad_frames)) = (&turned, &grad_frames) else {
            continue;
        };
        block.turn(turned, weights.weight, (model, count))?;
        let factors = [
            own(0, width),
            block.weights(turned.at(0), 0, shape.input),
            Block::phased(grad_frames.at(0), model, (width, before.rows, shape.input)),
        ];
        let sizes = Sizes {
            inner: width * channels,
            columns: shape.input,
            ..of_phase(shape, middle.rows, count)
        };
        card.multiply_phases("conv input gradient", sizes, width, factors, 0.0)?;
    }
    Ok(grad_frames)
}

impl Block<'_> {
    /// Adds the sums of `grad_output` where it passed ReLU to the biases' gradients.
    fn add_bias_gradient(
        &self,
        arg_max: &Memory<u8>,
        grad_output: &Memory,
        gradient: Pointer,
    ) -> Result<(), CudaError> {
        let (rows, channels) = (self.after.rows, self.shape.output);
        let chunks = rows.div_ceil(CHUNK_ROWS);
        let partial = Memory::<f32>::new(self.card, self.models * chunks * channels)?;
        self.card.launch_rows(
            "conv_bias_partial",
            (channels, chunks, self.models),
            arguments![
                of partial, of grad_output, of arg_max, int rows, int channels, int chunks, int CHUNK_ROWS,
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
