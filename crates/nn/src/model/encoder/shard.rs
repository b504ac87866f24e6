//! The convolutions over one fixed share of a batch.

use pipe_foundation::Buffer;
use pipe_foundation::FeaturesView;

use crate::model::ops::conv_block::{self, BlockGradients, BlockPass, Scratch, SpacedFrames};
use crate::model::{EncoderLayout, EncoderShape};

use super::weights::EncoderWeights;

/// Utterances whose convolutions are computed together, and what their backward pass needs.
#[derive(Default)]
pub(super) struct Shard {
    /// Positions in the batch.
    pub(super) members: Vec<usize>,
    /// What the backward pass needs; empty where none is to come.
    activations: Activations,
    /// The last block's output; the features where there is no block.
    output: SpacedFrames,
    /// dL/d(output).
    grad_output: SpacedFrames,
    /// dL/d(parameters) of this share, in the encoder's layout.
    pub(super) grad_parameters: Buffer,
}

/// What all blocks leave for their backward pass.
#[derive(Default)]
struct Activations {
    /// Input of each block.
    inputs: Vec<SpacedFrames>,
    passes: Vec<BlockPass>,
}

/// What a share needs while it is computed: one for each thread, so that it stays in the thread's cache.
#[derive(Default)]
pub(super) struct Workspace {
    scratch: Scratch,
    /// Of a pass without a backward pass.
    activations: Activations,
    /// dL/d(input) of each block.
    gradients: Vec<SpacedFrames>,
}

impl Shard {
    /// Runs all blocks on the shard's members of `batch`; `keep` what a backward pass needs. Incomplete once `stopped`
    /// says so.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a pass, each borrowed on its own"
    )]
    pub(super) fn forward(
        &mut self,
        shape: &EncoderShape,
        layout: &EncoderLayout,
        weights: &EncoderWeights,
        values: &[f32],
        batch: &[FeaturesView<'_>],
        workspace: &mut Workspace,
        keep: bool,
        stopped: &dyn Fn() -> bool,
    ) {
        let Workspace {
            scratch,
            activations: passing,
            ..
        } = workspace;
        let activations = if keep { &mut self.activations } else { passing };
        let Activations { inputs, passes } = activations;
        let blocks = shape.convs.len();
        inputs.resize_with(blocks, SpacedFrames::default);
        passes.resize_with(blocks, BlockPass::default);
        let minimum = shape.minimum_frames();
        let mut lengths: Vec<usize> = self
            .members
            .iter()
            .map(|&member| batch[member].frames.max(minimum))
            .collect();
        let gap = |block: usize| shape.convs.get(block).map_or(0, |conv| conv.padding);
        let features = inputs.first_mut().unwrap_or(&mut self.output);
        features.reset(&lengths, gap(0), shape.bins);
        let starts: Vec<usize> = features.starts().collect();
        for ((&member, start), length) in self.members.iter().zip(starts).zip(&lengths) {
            let from = batch[member].values;
            let to = &mut features.values_mut()[start * shape.bins..][..length * shape.bins];
            to[..from.len()].copy_from_slice(from);
            to[from.len()..].fill(0.0);
        }
        for (block, conv) in shape.convs.iter().enumerate() {
            if stopped() {
                return;
            }
            lengths.iter_mut().for_each(|n| *n = conv.pooled(*n));
            let (before, after) = inputs.split_at_mut(block + 1);
            let output = after.first_mut().unwrap_or(&mut self.output);
            output.reset(&lengths, gap(block + 1), conv.output);
            conv_block::forward(
                conv,
                &weights.convs[block],
                layout.conv(values, block).1,
                &before[block],
                output,
                &mut passes[block],
                scratch,
            );
        }
    }

    /// The last block's output frames, in order of the members.
    pub(super) fn output(&self) -> &SpacedFrames {
        &self.output
    }

    /// dL/d(output), to be filled before [`Self::backward`].
    pub(super) fn grad_output(&mut self, channels: usize) -> &mut SpacedFrames {
        self.grad_output.reset(self.output.lengths(), 0, channels);
        &mut self.grad_output
    }

    /// Runs all blocks backward; the first one needs no gradient of its input.
    pub(super) fn backward(
        &mut self,
        shape: &EncoderShape,
        layout: &EncoderLayout,
        weights: &EncoderWeights,
        workspace: &mut Workspace,
    ) {
        let Workspace {
            scratch, gradients, ..
        } = workspace;
        let Activations { inputs, passes } = &self.activations;
        gradients.resize_with(shape.convs.len(), SpacedFrames::default);
        let parameters: usize = shape.convs.iter().map(|conv| conv.parameters()).sum();
        self.grad_parameters.resize(parameters);
        for (block, conv) in shape.convs.iter().enumerate().rev() {
            let offset = layout.convs[block].0;
            let (weight, bias) = self.grad_parameters[offset..offset + conv.parameters()]
                .split_at_mut(conv.width * conv.input * conv.output);
            let (before, after) = gradients.split_at_mut(block + 1);
            let input = if block == 0 {
                None
            } else {
                before[block].reset(inputs[block].lengths(), conv.padding, conv.input);
                Some(&mut before[block])
            };
            conv_block::backward(
                conv,
                &weights.convs[block],
                &inputs[block],
                after.first().unwrap_or(&self.grad_output),
                &passes[block],
                BlockGradients {
                    weight,
                    bias,
                    input,
                },
                scratch,
            );
        }
    }
}
