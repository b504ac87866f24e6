//! The convolutions over one fixed share of a batch.

use crate::dsp::FeaturesView;
use crate::model::ops::conv_block::{self, BlockGradients, BlockPass, Scratch, SpacedFrames};
use crate::model::{EncoderLayout, EncoderShape};

use super::weights::EncoderWeights;

/// Utterances whose convolutions are computed together, and what their backward pass needs.
#[derive(Default)]
pub(super) struct Shard {
    /// Positions in the batch.
    pub(super) members: Vec<usize>,
    /// Input of each block, then the output of the last one.
    frames: Vec<SpacedFrames>,
    passes: Vec<BlockPass>,
    gradients: Vec<SpacedFrames>,
    scratch: Scratch,
    /// dL/d(parameters) of this share, in the encoder's layout.
    pub(super) grad_parameters: Vec<f32>,
}

impl Shard {
    /// Runs all blocks on the shard's members of `batch`.
    pub(super) fn forward(
        &mut self,
        shape: &EncoderShape,
        layout: &EncoderLayout,
        weights: &EncoderWeights,
        values: &[f32],
        batch: &[FeaturesView<'_>],
    ) {
        let blocks = shape.convs.len();
        self.frames.resize_with(blocks + 1, SpacedFrames::default);
        self.passes.resize_with(blocks, BlockPass::default);
        let minimum = shape.minimum_frames();
        let mut lengths: Vec<usize> = self
            .members
            .iter()
            .map(|&member| batch[member].frames.max(minimum))
            .collect();
        let gap = |block: usize| shape.convs.get(block).map_or(0, |conv| conv.padding);
        self.frames[0].reset(&lengths, gap(0), shape.bins);
        let starts: Vec<usize> = self.frames[0].starts().collect();
        for ((&member, start), length) in self.members.iter().zip(starts).zip(&lengths) {
            let features = batch[member].values;
            let to = &mut self.frames[0].values_mut()[start * shape.bins..][..length * shape.bins];
            to[..features.len()].copy_from_slice(features);
            to[features.len()..].fill(0.0);
        }
        for (block, conv) in shape.convs.iter().enumerate() {
            lengths.iter_mut().for_each(|n| *n = conv.pooled(*n));
            let (before, after) = self.frames.split_at_mut(block + 1);
            after[0].reset(&lengths, gap(block + 1), conv.output);
            conv_block::forward(
                conv,
                &weights.convs[block],
                layout.conv(values, block).1,
                &before[block],
                &mut after[0],
                &mut self.passes[block],
                &mut self.scratch,
            );
        }
    }

    /// The last block's output frames, in order of the members.
    pub(super) fn output(&self) -> &SpacedFrames {
        &self.frames[self.frames.len() - 1]
    }

    /// dL/d(output), to be filled before [`Self::backward`].
    pub(super) fn grad_output(&mut self, channels: usize) -> &mut SpacedFrames {
        let blocks = self.frames.len() - 1;
        self.gradients
            .resize_with(blocks + 1, SpacedFrames::default);
        self.gradients[blocks].reset(self.frames[blocks].lengths(), 0, channels);
        &mut self.gradients[blocks]
    }

    /// Runs all blocks backward; the first one needs no gradient of its input.
    pub(super) fn backward(
        &mut self,
        shape: &EncoderShape,
        layout: &EncoderLayout,
        weights: &EncoderWeights,
    ) {
        let parameters: usize = shape.convs.iter().map(|conv| conv.parameters()).sum();
        self.grad_parameters.resize(parameters, 0.0);
        for (block, conv) in shape.convs.iter().enumerate().rev() {
            let offset = layout.convs[block].0;
            let (weight, bias) = self.grad_parameters[offset..offset + conv.parameters()]
                .split_at_mut(conv.width * conv.input * conv.output);
            let (before, after) = self.gradients.split_at_mut(block + 1);
            let input = if block == 0 {
                None
            } else {
                before[block].reset(self.frames[block].lengths(), conv.padding, conv.input);
                Some(&mut before[block])
            };
            conv_block::backward(
                conv,
                &weights.convs[block],
                &self.frames[block],
                &after[0],
                &self.passes[block],
                BlockGradients {
                    weight,
                    bias,
                    input,
                },
                &mut self.scratch,
            );
        }
    }
}
