//! The convolution block on the device, for several models at once: patches, one product, pooling; and the way back.
//!
//! The same sums as `naive`: `relu(max over the window of (patches W) + bias)` with frames packed without gaps.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::ConvShape;
use crate::model::cuda::{
    Card, Frames, Matrix, Memory, Packed, Pointer, Sizes, add_product_over_frames, arguments,
};
use crate::model::ops::dense::cuda_kernel::{CHUNK_ROWS, column_totals};

/// What the forward pass leaves for the backward pass.
pub struct BlockPass {
    /// `[inputs, frames, input]`.
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
    packed: &'a Packed,
    before: &'a Frames,
    middle: &'a Frames,
    after: &'a Frames,
    /// Values of a row of patches.
    window: usize,
    /// Models whose patches are in memory at one time.
    chunk: usize,
}

impl<'a> Block<'a> {
    fn new(
        card: &'a Arc<Card>,
        shape: &'a ConvShape,
        packed: &'a Packed,
        index: usize,
        (models, inputs): (usize, usize),
    ) -> Self {
        let middle = &packed.packing.convolved[index];
        Self {
            chunk: card.models_at_once(&Workload::new(shape, middle.rows, inputs > 1), models),
            window: shape.width * shape.input,
            before: &packed.packing.frames[index],
            after: &packed.packing.frames[index + 1],
            middle,
            card,
            shape,
            packed,
        }
    }

    /// Patches of so many models from `frames`.
    fn fill(&self, patches: &Memory, frames: Pointer, models: usize) -> Result<(), CudaError> {
        let Self {
            packed,
            before,
            middle,
            shape,
            ..
        } = self;
        self.card.launch_rows(
            "conv_patches",
            (self.window, middle.rows, models),
            arguments![
                of patches, at frames, at packed.at(middle.utterance_of), at packed.at(before.first),
                at packed.at(middle.first), at packed.at(before.count), int middle.rows, int before.rows,
                int shape.width, int shape.input, int shape.padding,
            ],
        )
    }

    /// The patches of a chunk as a matrix for each model; the same one where all models share their input.
    fn patches(&self, patches: &Memory, inputs: usize) -> Matrix {
        let stride = if inputs == 1 {
            0
        } else {
            self.middle.rows * self.window
        };
        Matrix::new(patches.at(0), self.window, stride)
    }

    /// A matrix for each model of frames between convolution and pooling.
    fn convolved(&self, convolved: &Memory) -> Matrix {
        let columns = self.shape.output;
        Matrix::new(convolved.at(0), columns, self.middle.rows * columns)
    }

    /// The weights, or their gradients, of the models from `model` on.
    fn weights(&self, start: Pointer, model: usize) -> Matrix {
        let columns = self.shape.output;
        let length = self.window * columns;
        let skipped = (model * length * size_of::<f32>()) as Pointer;
        Matrix::new(start + skipped, columns, length)
    }
}

/// What a block has to do for one model.
pub struct Workload {
    /// Frames between convolution and pooling.
    pub rows: usize,
    /// Values of a row of patches.
    pub window: usize,
    /// Values of a frame after it.
    pub output: usize,
    /// Whether every model has patches of its own.
    pub each: bool,
}

/// Rows and columns of the smaller of the tiles that processors of a card compute products in.
const TILE: (usize, usize) = (64, 128);

impl Workload {
    /// Of a layer over so many frames between convolution and pooling.
    pub fn new(shape: &ConvShape, rows: usize, each: bool) -> Self {
        Self {
            rows,
            window: shape.width * shape.input,
            output: shape.output,
            each,
        }
    }

    /// Values that are made for one model at a time.
    pub fn values(&self) -> usize {
        let patches = if self.each { self.window } else { 0 };
        self.rows * (patches + self.output)
    }

    /// Models whose patches and convolved frames fill no more than half of the card's cache, but as many as give each
    /// of its processors a part of the product.
    ///
    /// Patches are `width` times as large as what they come from. Made for all models at once they would pass through
    /// memory twice in each direction; made for a few, used at once and made again for the backward pass they stay in
    /// the cache, and the memory of a step does not grow with them.
    pub fn models_at_once(&self, cache_bytes: usize, processors: usize) -> usize {
        let tiles = self.rows.div_ceil(TILE.0) * self.output.div_ceil(TILE.1);
        let in_cache = cache_bytes / 2 / (self.values() * size_of::<f32>()).max(1);
        in_cache.max(processors.div_ceil(tiles.max(1)))
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
    let block = Block::new(card, shape, packed, index, (models, inputs));
    let Block {
        before,
        middle,
        after,
        window,
        chunk,
        ..
    } = block;
    let output = Memory::new(card, models * after.rows * shape.output)?;
    let arg_max = Memory::new(card, models * after.rows * shape.output)?;
    let patches = Memory::new(card, inputs.min(chunk) * middle.rows * window)?;
    let convolved = Memory::<f32>::new(card, chunk * middle.rows * shape.output)?;
    for model in (0..models).step_by(chunk) {
        let count = chunk.min(models - model);
        if inputs > 1 {
            block.fill(
                &patches,
                frames.at(model * before.rows * shape.input),
                count,
            )?;
        } else if model == 0 {
            block.fill(&patches, frames.at(0), 1)?;
        }
        card.multiply(
            "conv product",
            Sizes {
                rows: middle.rows,
                inner: window,
                columns: shape.output,
                batch: count,
            },
            block.patches(&patches, inputs),
            block.weights(arrays.weight, model),
            block.convolved(&convolved),
            0.0,
        )?;
        let pooled = model * after.rows * shape.output;
        let bias = arrays.bias + (model * shape.output * size_of::<f32>()) as Pointer;
        card.launch_rows(
            "conv_pool",
            (shape.output, after.rows, count),
            arguments![
                at output.at(pooled), at arg_max.at(pooled), of convolved, at bias, at packed.at(after.utterance_of),
                at packed.at(after.first), at packed.at(middle.first), int after.rows, int middle.rows,
                int shape.output, int shape.pool_width, int shape.pool_stride,
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
    let block = Block::new(card, shape, packed, index, (models, inputs));
    let Block {
        before,
        middle,
        after,
        window,
        chunk,
        ..
    } = block;
    assert!(
        inputs == models || !input_gradient,
        "frames that all models share have no gradient"
    );
    let sum_chunks = after.rows.div_ceil(CHUNK_ROWS);
    let partial = Memory::<f32>::new(card, models * sum_chunks * shape.output)?;
    let patches = Memory::new(card, inputs.min(chunk) * middle.rows * window)?;
    let convolved = Memory::<f32>::new(card, chunk * middle.rows * shape.output)?;
    let grad_frames = match input_gradient {
        true => Some(Memory::new(card, models * before.rows * shape.input)?),
        false => None,
    };
    card.launch_rows(
        "conv_bias_partial",
        (shape.output, sum_chunks, models),
        arguments![
            of partial, of grad_output, of arg_max, int after.rows, int shape.output, int sum_chunks, int CHUNK_ROWS,
        ],
    )?;
    column_totals(
        card,
        gradients.bias,
        &partial,
        models,
        shape.output,
        sum_chunks,
    )?;
    for model in (0..models).step_by(chunk) {
        let count = chunk.min(models - model);
        let pooled = model * after.rows * shape.output;
        card.launch_rows(
            "conv_pool_back",
            (shape.output, middle.rows, count),
            arguments![
                of convolved, at grad_output.at(pooled), at arg_max.at(pooled), at packed.at(middle.utterance_of),
                at packed.at(after.first), at packed.at(after.count), at packed.at(middle.first), int after.rows,
                int middle.rows, int shape.output, int shape.pool_width, int shape.pool_stride,
            ],
        )?;
        if inputs > 1 {
            block.fill(
                &patches,
                frames.at(model * before.rows * shape.input),
                count,
            )?;
        } else if model == 0 {
            block.fill(&patches, frames.at(0), 1)?;
        }
        add_product_over_frames(
            card,
            "conv weight gradient",
            Sizes {
                rows: window,
                inner: middle.rows,
                columns: shape.output,
                batch: count,
            },
            block.patches(&patches, inputs),
            block.convolved(&convolved),
            block.weights(gradients.weight, model),
        )?;
        let Some(grad_frames) = &grad_frames else {
            continue;
        };
        // The patches are not needed any more: their gradient takes their place.
        card.multiply(
            "conv input gradient",
            Sizes {
                rows: middle.rows,
                inner: shape.output,
                columns: window,
                batch: count,
            },
            block.convolved(&convolved),
            block.weights(weights.weight, model).transposed(),
            block.patches(&patches, inputs),
            0.0,
        )?;
        card.launch_rows(
            "conv_patches_back",
            (shape.input, before.rows, count),
            arguments![
                at grad_frames.at(model * before.rows * shape.input), of patches,
                at packed.at(before.utterance_of), at packed.at(before.first), at packed.at(middle.first),
                at packed.at(middle.count), int middle.rows, int before.rows, int shape.width, int shape.input,
                int shape.padding,
            ],
        )?;
    }
    Ok(grad_frames)
}
