//! What the passes of a block hand on and need while they run.

use pipe_foundation::Buffer;
use pipe_foundation::matmul::Packed;

use crate::layers::spaced::SpacedFrames;

/// What the forward pass leaves for the backward pass.
#[derive(Default)]
pub struct BlockPass {
    /// Position of each pooled maximum in its window, or [`CUT`](super::pool::CUT).
    pub(super) arg_max: Buffer<u8>,
    /// The transformed frames of winograd filtering.
    pub(super) transformed: Buffer,
}

/// Buffers that a block needs while it runs.
#[derive(Default)]
pub struct Scratch {
    pub(super) convolved: Buffer,
    pub(super) transformed: Buffer,
    pub(super) products: Buffer,
    pub(super) zeros: Vec<f32>,
    pub(super) packed: Vec<Packed>,
}

/// What flows back into a block.
pub struct BlockGradients<'a> {
    /// `[width, input, output]`, overwritten.
    pub weight: &'a mut [f32],
    /// `[output]`, overwritten.
    pub bias: &'a mut [f32],
    /// dL/dx in the geometry of `input` (gap rows hold no meaning); none for the first layer.
    pub input: Option<&'a mut SpacedFrames>,
}
