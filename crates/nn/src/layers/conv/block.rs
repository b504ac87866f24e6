//! Convolution over time, bias, ReLU and max-pooling as one operation on several utterances at once.
//!
//! Weights are `[width, input, output]`. Width 5 goes through winograd filtering; any other width is one
//! matrix product over the overlapping view of the frames, without a copy of patches. Max-pooling comes
//! before bias and ReLU, which commute with it; the position of each maximum is kept in a byte.

use pipe_foundation::Buffer;
use pipe_foundation::matmul::Packed;

use crate::layers::spaced::SpacedFrames;

use super::passes::{BlockGradients, BlockPass, Scratch};
use super::shape::ConvShape;
use super::{direct, winograd};

/// A block's weights made ready for its passes.
#[derive(Default)]
pub struct BlockWeights {
    /// One matrix, or one for each point of winograd filtering.
    forward: Vec<Packed>,
    /// The same for dL/dx; empty where it was not asked for.
    backward: Vec<Packed>,
    /// A buffer of the packing.
    points: Buffer,
}

impl BlockWeights {
    /// Packs `weight`; the form that dL/dx needs only with `input_gradient`.
    pub fn pack(&mut self, shape: &ConvShape, weight: &[f32], input_gradient: bool) {
        let (input, output) = (shape.input, shape.output);
        if winograd::serves(shape) {
            winograd::pack(weight, input, output, &mut self.points, &mut self.forward);
        } else {
            self.forward.resize_with(1, Packed::default);
            self.forward[0].pack(weight, shape.width * input, output, output, 1);
        }
        if !input_gradient {
            self.backward.clear();
        } else if winograd::serves(shape) {
            let transposed = winograd::transposed(shape, weight);
            winograd::pack(
                &transposed,
                output,
                input,
                &mut self.points,
                &mut self.backward,
            );
        } else {
            self.backward.resize_with(1, Packed::default);
            let flipped = direct::flipped(shape, weight);
            self.backward[0].pack(&flipped, shape.width * output, input, input, 1);
        }
    }
}

/// Forward: fills the frames of `output` (already reset to the pooled lengths) and `pass`.
///
/// `input` has gaps of the block's padding.
pub fn forward(
    shape: &ConvShape,
    weights: &BlockWeights,
    bias: &[f32],
    input: &SpacedFrames,
    output: &mut SpacedFrames,
    pass: &mut BlockPass,
    scratch: &mut Scratch,
) {
    let pooled: usize = output.lengths().iter().sum();
    pass.arg_max.resize(pooled * shape.output);
    let packed = &weights.forward;
    match packed.first() {
        Some(_) if winograd::serves(shape) => {
            winograd::forward(shape, packed, bias, input, output, pass, scratch);
        }
        Some(first) => direct::forward(shape, first, bias, input, output, pass, scratch),
        None => {}
    }
}

/// Backward: from dL/d(output) in `grad_output` (frames only are read) to the block's gradients.
///
/// `pass` and `input` are those of the forward pass; dL/dx needs weights packed for it.
pub fn backward(
    shape: &ConvShape,
    weights: &BlockWeights,
    input: &SpacedFrames,
    grad_output: &SpacedFrames,
    pass: &BlockPass,
    gradients: BlockGradients<'_>,
    scratch: &mut Scratch,
) {
    gradients.bias.fill(0.0);
    if winograd::serves(shape) {
        let packed = (!weights.backward.is_empty()).then_some(&weights.backward[..]);
        winograd::backward(shape, packed, input, grad_output, pass, gradients, scratch);
    } else {
        let packed = weights.backward.first();
        direct::backward(shape, packed, input, grad_output, pass, gradients, scratch);
    }
}

#[cfg(test)]
mod tests;
