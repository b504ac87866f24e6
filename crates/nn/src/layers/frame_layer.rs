//! Layers that compute the frames of each utterance from frames of the same one, for a share of a batch at a time.

use super::slot::{Slot, Slots};
use super::spaced::SpacedFrames;

/// A share of a batch.
#[derive(Clone, Copy)]
pub struct Share<'a> {
    /// Place in the batch of each utterance.
    pub members: &'a [usize],
    /// Seed of what is drawn in this step and layer; none where nothing is learned.
    pub seed: Option<u64>,
    /// Whether the work is to end early: long work looks at it between its blocks, and its results are not used then.
    pub stopped: &'a dyn Fn() -> bool,
}

/// What flows back into a layer.
pub struct Gradients<'a> {
    /// dL/d(flat values), to be overwritten.
    pub values: &'a mut [f32],
    /// dL/d(input) in the geometry of the input, whose gaps hold no meaning; none where nobody needs it.
    pub input: Option<&'a mut SpacedFrames>,
}

/// The processor's version of a layer of frames.
///
/// An utterance's output may depend on nothing but its own frames: others in its share never change a bit of it. A layer that
/// runs as [`Run::Batch`](super::Run::Batch) is excepted in training, where its share is the whole batch. After the pooling
/// over time an utterance has one frame, its vector.
pub trait FrameLayer: Send + Sync {
    /// Weights made ready for the passes.
    type Weights: Default + Send + Sync + 'static;
    /// What the forward pass leaves for the backward pass, for one share.
    type Kept: Default + Send + Sync + 'static;
    /// Buffers of a thread, which all layers with this type share.
    type Scratch: Default + Send + Sync + 'static;

    /// Rows of zeros that it needs between the utterances of its input.
    fn gap(&self) -> usize {
        0
    }

    /// Frames that `frames` become.
    fn frames_after(&self, frames: usize) -> usize {
        frames
    }

    /// Fewest frames that become `frames`.
    fn frames_needed(&self, frames: usize) -> usize {
        frames
    }

    /// Makes the weights ready once a step; those of the backward pass where it is to come, those of dL/d(input) where
    /// somebody needs it.
    fn pack(
        &self,
        values: &[f32],
        backward: bool,
        input_gradient: bool,
        weights: &mut Self::Weights,
    );

    /// Fills the frames of `output`, which has the right geometry already.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a pass, each borrowed on its own"
    )]
    fn forward(
        &self,
        values: &[f32],
        weights: &Self::Weights,
        share: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Self::Kept,
        scratch: &mut Self::Scratch,
    );

    /// From dL/d(output), whose gaps hold no meaning, to the gradients.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a pass, each borrowed on its own"
    )]
    fn backward(
        &self,
        weights: &Self::Weights,
        share: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Self::Kept,
        gradients: Gradients<'_>,
        scratch: &mut Self::Scratch,
    );

    /// Replaces those of its flat values that are measured, not learned, by what they are after a forward pass in training.
    fn measure(&self, _values: &mut [f32], _kept: &Self::Kept) {}
}

/// A [`FrameLayer`] of any type.
pub trait AnyFrameLayer: Send + Sync {
    /// As [`FrameLayer::gap`].
    fn gap(&self) -> usize;
    /// As [`FrameLayer::frames_after`].
    fn frames_after(&self, frames: usize) -> usize;
    /// As [`FrameLayer::frames_needed`].
    fn frames_needed(&self, frames: usize) -> usize;
    /// As [`FrameLayer::pack`].
    fn pack(&self, values: &[f32], backward: bool, input_gradient: bool, weights: &mut Slot);
    /// As [`FrameLayer::forward`].
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a pass, each borrowed on its own"
    )]
    fn forward(
        &self,
        values: &[f32],
        weights: &Slot,
        share: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Slot,
        scratch: &mut Slots,
    );
    /// As [`FrameLayer::backward`].
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a pass, each borrowed on its own"
    )]
    fn backward(
        &self,
        weights: &Slot,
        share: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Slot,
        gradients: Gradients<'_>,
        scratch: &mut Slots,
    );
    /// As [`FrameLayer::measure`].
    fn measure(&self, values: &mut [f32], kept: &Slot);
}

impl<L: FrameLayer> AnyFrameLayer for L {
    fn gap(&self) -> usize {
        FrameLayer::gap(self)
    }

    fn frames_after(&self, frames: usize) -> usize {
        FrameLayer::frames_after(self, frames)
    }

    fn frames_needed(&self, frames: usize) -> usize {
        FrameLayer::frames_needed(self, frames)
    }

    fn pack(&self, values: &[f32], backward: bool, input_gradient: bool, weights: &mut Slot) {
        FrameLayer::pack(self, values, backward, input_gradient, weights.get_mut());
    }

    fn forward(
        &self,
        values: &[f32],
        weights: &Slot,
        share: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Slot,
        scratch: &mut Slots,
    ) {
        let (weights, kept, scratch) = (weights.get(), kept.get_mut(), scratch.of());
        FrameLayer::forward(self, values, weights, share, input, output, kept, scratch);
    }

    fn backward(
        &self,
        weights: &Slot,
        share: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Slot,
        gradients: Gradients<'_>,
        scratch: &mut Slots,
    ) {
        let (weights, kept, scratch) = (weights.get(), kept.get(), scratch.of());
        FrameLayer::backward(
            self,
            weights,
            share,
            input,
            grad_output,
            kept,
            gradients,
            scratch,
        );
    }

    fn measure(&self, values: &mut [f32], kept: &Slot) {
        FrameLayer::measure(self, values, kept.get());
    }
}
