//! Convolution over time, bias, ReLU and max-pooling as one operation on several utterances at once.
//!
//! Weights are `[width, input, output]`: one matrix whose left side is the overlapping view of the
//! frames, so there is no copy of patches. Max-pooling comes before bias and ReLU, which commute
//! with it; the position of each maximum is kept in a byte.

pub mod naive;
mod pool;
mod spaced;

pub use spaced::SpacedFrames;

use super::matmul::{Packed, multiply, multiply_transposed};
use crate::model::ConvShape;

/// Marks an output that ReLU has cut off: no gradient flows back.
const CUT: u8 = u8::MAX;

/// Buffers that a block needs while it runs.
#[derive(Default)]
pub struct Scratch {
    convolved: Vec<f32>,
    packed: Packed,
}

/// Weights made ready for the backward pass: dL/dx is a convolution with the flipped, transposed kernel.
pub fn pack_flipped(shape: &ConvShape, weight: &[f32], packed: &mut Packed) {
    let (input, output) = (shape.input, shape.output);
    let mut flipped = vec![0.0; shape.width * input * output];
    for k in 0..shape.width {
        let from = &weight[(shape.width - 1 - k) * input * output..][..input * output];
        let to = &mut flipped[k * input * output..][..input * output];
        for i in 0..input {
            for o in 0..output {
                to[o * input + i] = from[i * output + o];
            }
        }
    }
    packed.pack(&flipped, shape.width * output, input, input, 1);
}

/// Forward: fills the frames of `output` (already reset to the pooled lengths) and the maxima's positions.
///
/// `weight` is the packed `[width * input, output]` matrix; `input` has gaps of the block's padding.
pub fn forward(
    shape: &ConvShape,
    weight: &Packed,
    bias: &[f32],
    input: &SpacedFrames,
    output: &mut SpacedFrames,
    arg_max: &mut Vec<u8>,
    scratch: &mut Scratch,
) {
    let windows = (input.rows() + 1).saturating_sub(shape.width);
    scratch.convolved.resize(windows * shape.output, 0.0);
    multiply(
        windows,
        input.values(),
        shape.input,
        weight,
        &mut scratch.convolved,
        shape.output,
        false,
    );
    arg_max.resize(output.lengths().iter().sum::<usize>() * shape.output, 0);
    let places: Vec<_> = input.window_starts().zip(output.starts()).collect();
    let lengths = output.lengths().to_vec();
    let mut done = 0;
    for ((from, to), length) in places.into_iter().zip(lengths) {
        let count = length * shape.output;
        pool::forward(
            shape,
            bias,
            &scratch.convolved[from * shape.output..],
            &mut output.values_mut()[to * shape.output..][..count],
            &mut arg_max[done..done + count],
        );
        done += count;
    }
}

/// What flows back into a block.
pub struct BlockGradients<'a> {
    /// `[width, input, output]`, overwritten.
    pub weight: &'a mut [f32],
    /// `[output]`, overwritten.
    pub bias: &'a mut [f32],
    /// The flipped weight and dL/dx in the geometry of `input` (gap rows hold no meaning); none for the first layer.
    pub input: Option<(&'a Packed, &'a mut SpacedFrames)>,
}

/// Backward: from dL/d(output) in `grad_output` (frames only are read) to the block's gradients.
pub fn backward(
    shape: &ConvShape,
    input: &SpacedFrames,
    grad_output: &SpacedFrames,
    arg_max: &[u8],
    gradients: BlockGradients<'_>,
    scratch: &mut Scratch,
) {
    let channels = shape.output;
    let windows = (input.rows() + 1).saturating_sub(shape.width);
    let lead = shape.width - 1;
    // dL/d(convolved) with `lead` zero rows before and after, so that its windows are dL/dx.
    scratch.convolved.clear();
    scratch
        .convolved
        .resize((windows + 2 * lead) * channels, 0.0);
    gradients.bias.fill(0.0);
    let mut done = 0;
    for ((to, from), length) in input
        .window_starts()
        .zip(grad_output.starts())
        .zip(grad_output.lengths())
    {
        let count = length * channels;
        pool::backward(
            shape,
            &grad_output.values()[from * channels..][..count],
            &arg_max[done..done + count],
            &mut scratch.convolved[(lead + to) * channels..],
            gradients.bias,
        );
        done += count;
    }
    scratch.packed.pack(
        &scratch.convolved[lead * channels..],
        windows,
        channels,
        channels,
        1,
    );
    multiply_transposed(
        shape.width * shape.input,
        input.values(),
        shape.input,
        &scratch.packed,
        gradients.weight,
        channels,
        false,
    );
    if let Some((flipped, grad_input)) = gradients.input {
        multiply(
            input.rows(),
            &scratch.convolved,
            channels,
            flipped,
            grad_input.values_mut(),
            shape.input,
            false,
        );
    }
}

#[cfg(test)]
mod tests;
