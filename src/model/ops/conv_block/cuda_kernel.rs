//! The convolution block on the device, for several models at once: patches, one product, pooling; and the way back.
//!
//! The same sums as `naive`: `relu(max over the window of (patches W) + bias)` with frames packed without gaps.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::ConvShape;
use crate::model::cuda::{Card, Matrix, Memory, Packed, Pointer, Sizes, arguments};
use crate::model::ops::dense::cuda_kernel::{CHUNK_ROWS, column_totals};

/// What the forward pass leaves for the backward pass.
pub struct BlockPass {
    patches: Memory,
    /// Models that the patches differ for: one where all share their input.
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

/// Block `index` of the network over a batch, for `models` models; `frames` are those of `inputs` models (1 or all).
pub fn forward(
    card: &Arc<Card>,
    shape: &ConvShape,
    packed: &Packed,
    index: usize,
    (models, inputs): (usize, usize),
    arrays: BlockArrays,
    frames: &Memory,
) -> Result<(Memory, BlockPass), CudaError> {
    let before = &packed.packing.frames[index];
    let middle = &packed.packing.convolved[index];
    let after = &packed.packing.frames[index + 1];
    let window = shape.width * shape.input;
    let patches = Memory::new(card, inputs * middle.rows * window)?;
    card.launch(
        "conv_patches",
        (middle.rows * window, inputs),
        arguments![
            of patches, of frames, at packed.at(middle.utterance_of), at packed.at(before.first),
            at packed.at(middle.first), at packed.at(before.count), int middle.rows, int before.rows, int shape.width,
            int shape.input, int shape.padding,
        ],
    )?;
    let convolved = Memory::<f32>::new(card, models * middle.rows * shape.output)?;
    let sizes = Sizes {
        rows: middle.rows,
        inner: window,
        columns: shape.output,
        batch: models,
    };
    card.multiply(
        sizes,
        Matrix::new(patches.at(0), window, stride(inputs, middle.rows * window)),
        Matrix::new(arrays.weight, shape.output, window * shape.output),
        Matrix::new(convolved.at(0), shape.output, middle.rows * shape.output),
        0.0,
    )?;
    let output = Memory::new(card, models * after.rows * shape.output)?;
    let arg_max = Memory::new(card, models * after.rows * shape.output)?;
    card.launch(
        "conv_pool",
        (after.rows * shape.output, models),
        arguments![
            of output, of arg_max, of convolved, at arrays.bias, at packed.at(after.utterance_of),
            at packed.at(after.first), at packed.at(middle.first), int after.rows, int middle.rows, int shape.output,
            int shape.pool_width, int shape.pool_stride,
        ],
    )?;
    let pass = BlockPass {
        patches,
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
    let before = &packed.packing.frames[index];
    let middle = &packed.packing.convolved[index];
    let after = &packed.packing.frames[index + 1];
    let window = shape.width * shape.input;
    let chunks = after.rows.div_ceil(CHUNK_ROWS);
    let partial = Memory::<f32>::new(card, models * chunks * shape.output)?;
    card.launch(
        "conv_bias_partial",
        (chunks * shape.output, models),
        arguments![
            of partial, of grad_output, of pass.arg_max, int after.rows, int shape.output, int chunks, int CHUNK_ROWS,
        ],
    )?;
    column_totals(card, gradients.bias, &partial, models, shape.output, chunks)?;
    let grad_convolved = Memory::<f32>::new(card, models * middle.rows * shape.output)?;
    card.launch(
        "conv_pool_back",
        (middle.rows * shape.output, models),
        arguments![
            of grad_convolved, of grad_output, of pass.arg_max, at packed.at(middle.utterance_of),
            at packed.at(after.first), at packed.at(after.count), at packed.at(middle.first), int after.rows,
            int middle.rows, int shape.output, int shape.pool_width, int shape.pool_stride,
        ],
    )?;
    let own = Matrix::new(
        grad_convolved.at(0),
        shape.output,
        middle.rows * shape.output,
    );
    let seen = stride(pass.inputs, middle.rows * window);
    card.multiply(
        Sizes {
            rows: window,
            inner: middle.rows,
            columns: shape.output,
            batch: models,
        },
        Matrix::new(pass.patches.at(0), window, seen).transposed(),
        own,
        Matrix::new(gradients.weight, shape.output, window * shape.output),
        1.0,
    )?;
    if !input_gradient {
        return Ok(None);
    }
    // The patches are not needed any more: their gradient takes their place.
    let grad_patches = match pass.inputs == models {
        true => pass.patches,
        false => Memory::new(card, models * middle.rows * window)?,
    };
    card.multiply(
        Sizes {
            rows: middle.rows,
            inner: shape.output,
            columns: window,
            batch: models,
        },
        own,
        Matrix::new(weights.weight, shape.output, window * shape.output).transposed(),
        Matrix::new(grad_patches.at(0), window, middle.rows * window),
        0.0,
    )?;
    let grad_frames = Memory::new(card, models * before.rows * shape.input)?;
    card.launch(
        "conv_patches_back",
        (before.rows * shape.input, models),
        arguments![
            of grad_frames, of grad_patches, at packed.at(before.utterance_of), at packed.at(before.first),
            at packed.at(middle.first), at packed.at(middle.count), int middle.rows, int before.rows, int shape.width,
            int shape.input, int shape.padding,
        ],
    )?;
    Ok(Some(grad_frames))
}

/// Values between the inputs of two models; none where all share one.
fn stride(inputs: usize, length: usize) -> usize {
    if inputs == 1 { 0 } else { length }
}
