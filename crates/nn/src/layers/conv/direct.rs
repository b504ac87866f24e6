//! The convolution as one matrix product over the overlapping windows of the frames.

use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

use crate::layers::conv::shape::ConvShape;

use super::passes::{BlockGradients, BlockPass, Scratch};
use super::pool;
use super::pool::Columns;
use crate::layers::spaced::SpacedFrames;

/// The kernel flipped and transposed: dL/dx is a convolution with it.
pub(super) fn flipped(shape: &ConvShape, weight: &[f32]) -> Vec<f32> {
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
    flipped
}

/// Forward with the packed `[width * input, output]` matrix.
pub(super) fn forward(
    shape: &ConvShape,
    weight: &Packed,
    bias: &[f32],
    input: &SpacedFrames,
    output: &mut SpacedFrames,
    pass: &mut BlockPass,
    scratch: &mut Scratch,
) {
    let channels = shape.output;
    let windows = (input.rows() + 1).saturating_sub(shape.width);
    scratch.convolved.resize(windows * channels);
    multiply(
        windows,
        input.values(),
        shape.input,
        weight,
        &mut scratch.convolved,
        channels,
        false,
    );
    let places: Vec<_> = input.window_starts().zip(output.starts()).collect();
    let lengths = output.lengths().to_vec();
    let mut done = 0;
    for ((from, to), length) in places.into_iter().zip(lengths) {
        let count = length * channels;
        pool::forward(
            shape,
            bias,
            &scratch.convolved[from * channels..],
            Columns {
                channels,
                first: 0,
                length,
            },
            &mut output.values_mut()[to * channels..][..count],
            &mut pass.arg_max[done..done + count],
        );
        done += count;
    }
}

/// Backward with the packed flipped kernel.
pub(super) fn backward(
    shape: &ConvShape,
    flipped: Option<&Packed>,
    input: &SpacedFrames,
    grad_output: &SpacedFrames,
    pass: &BlockPass,
    gradients: BlockGradients<'_>,
    scratch: &mut Scratch,
) {
    let channels = shape.output;
    let windows = (input.rows() + 1).saturating_sub(shape.width);
    let lead = shape.width - 1;
    // dL/d(convolved) with `lead` zero rows before and after, so that its windows are dL/dx.
    scratch.convolved.zeroed((windows + 2 * lead) * channels);
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
            &pass.arg_max[done..done + count],
            &mut scratch.convolved[(lead + to) * channels..],
            gradients.bias,
        );
        done += count;
    }
    scratch.packed.resize_with(1, Packed::default);
    scratch.packed[0].pack(
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
        &scratch.packed[0],
        gradients.weight,
        channels,
        false,
    );
    if let Some((flipped, grad_input)) = flipped.zip(gradients.input) {
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
