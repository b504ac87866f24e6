//! Layers of frames, one after the other, over one fixed share of a batch.

use std::ops::Range;

use pipe_foundation::{Buffer, FeaturesView};

use crate::layers::seeds;
use crate::layers::{AnyFrameLayer, Gradients, Run, Share, Slot, Slots, SpacedFrames};
use crate::model::{EncoderLayout, EncoderShape};

use super::source::{GradientSource, Source};
use super::weights::EncoderWeights;

/// Utterances whose layers are computed together, and what their backward pass needs.
#[derive(Default)]
pub(super) struct Shard {
    /// Positions in the batch.
    pub(super) members: Vec<usize>,
    /// What the backward pass needs; empty where none is to come.
    activations: Activations,
    /// The last layer's output; the input where there is no layer.
    output: SpacedFrames,
    /// dL/d(output).
    grad_output: SpacedFrames,
    /// dL/d(input), where something before needs it.
    pub(super) grad_input: SpacedFrames,
    /// dL/d(parameters) of this share, in the order of the layers.
    pub(super) grad_parameters: Buffer,
}

/// What all layers leave for their backward pass.
#[derive(Default)]
struct Activations {
    /// Input of each layer.
    inputs: Vec<SpacedFrames>,
    kept: Vec<Slot>,
}

/// What a share needs while it is computed: one for each thread, so that it stays in the thread's cache.
#[derive(Default)]
pub(super) struct Workspace {
    scratch: Slots,
    /// Of a pass without a backward pass.
    activations: Activations,
    /// dL/d(input) of each layer but the first.
    gradients: Vec<SpacedFrames>,
}

/// The layers that a shard runs, with what they need.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) shape: &'a EncoderShape,
    pub(super) layout: &'a EncoderLayout,
    pub(super) weights: &'a EncoderWeights,
    /// Places of the layers.
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<'a> Part<'a> {
    /// The layer `at`, counted from the first of the part.
    fn layer(&self, at: usize) -> Option<&'a dyn AnyFrameLayer> {
        let index = self.from + at;
        if index >= self.to {
            return None;
        }
        match self.shape.layer(index).run() {
            Run::Frames(layer) | Run::Batch(layer) => Some(layer),
            Run::Sequences(_) => None,
        }
    }

    fn len(&self) -> usize {
        self.to - self.from
    }

    /// Flat values of the layers.
    pub(super) fn range(&self) -> Range<usize> {
        let layers = &self.layout.layers[self.from..self.to];
        let start = layers.first().map_or(0, |first| first.start);
        start..layers.last().map_or(start, |last| last.end)
    }

    /// What the layer `at` learns about a share.
    fn share<'s>(
        &self,
        at: usize,
        members: &'s [usize],
        stopped: &'s dyn Fn() -> bool,
    ) -> Share<'s> {
        let (seed, index) = (self.weights.seed, self.from + at);
        Share {
            members,
            stopped,
            seed: seed.map(|seed| seeds::of_layer(seed, index)),
        }
    }
}

impl Shard {
    /// Runs all layers on the shard's members of `batch`; keeps what a backward pass needs. Incomplete once `stopped`
    /// says so.
    pub(super) fn forward(
        &mut self,
        part: Part<'_>,
        values: &[f32],
        batch: &[FeaturesView<'_>],
        source: &Source<'_>,
        workspace: &mut Workspace,
        stopped: &dyn Fn() -> bool,
    ) {
        let Workspace {
            scratch,
            activations: passing,
            ..
        } = workspace;
        let activations = match part.weights.seed {
            Some(_) => &mut self.activations,
            None => passing,
        };
        let Activations { inputs, kept } = activations;
        inputs.resize_with(part.len(), SpacedFrames::default);
        kept.resize_with(part.len(), Slot::default);
        let frames_of = |&member: &usize| part.shape.frames_before(part.from, batch[member].frames);
        let mut lengths: Vec<usize> = self.members.iter().map(frames_of).collect();
        let gap = |at: usize| part.layer(at).map_or(0, |layer| layer.gap());
        let first = inputs.first_mut().unwrap_or(&mut self.output);
        let width = part.shape.width_before(part.from);
        first.reset(&lengths, gap(0), width);
        for (&member, to) in self.members.iter().zip(first.utterances_mut()) {
            source.write(member, width, to);
        }
        for at in 0..part.len() {
            let Some(layer) = part.layer(at) else { return };
            if stopped() {
                return;
            }
            lengths.iter_mut().for_each(|n| *n = layer.frames_after(*n));
            let (before, after) = inputs.split_at_mut(at + 1);
            let output = after.first_mut().unwrap_or(&mut self.output);
            let index = part.from + at;
            output.reset(&lengths, gap(at + 1), part.shape.layer(index).output());
            layer.forward(
                &values[part.layout.layers[index].clone()],
                &part.weights.layers[index][0],
                part.share(at, &self.members, stopped),
                &before[at],
                output,
                &mut kept[at],
                scratch,
            );
        }
    }

    /// The last layer's output frames, in order of the members.
    pub(super) fn output(&self) -> &SpacedFrames {
        &self.output
    }

    /// Replaces the measured values of the layer `at` by what they are after the last pass in training.
    pub(super) fn measure(&self, part: Part<'_>, at: usize, values: &mut [f32]) {
        if let Some((layer, kept)) = part.layer(at).zip(self.activations.kept.get(at)) {
            layer.measure(values, kept);
        }
    }

    /// Runs all layers backward; with dL/d(input) only where `further` layers before need it. Incomplete once `stopped`
    /// says so.
    pub(super) fn backward(
        &mut self,
        part: Part<'_>,
        source: &GradientSource<'_>,
        workspace: &mut Workspace,
        further: bool,
        stopped: &dyn Fn() -> bool,
    ) {
        let Workspace {
            scratch, gradients, ..
        } = workspace;
        let width = part.shape.width_before(part.to);
        let of_output = match part.len() {
            0 => &mut self.grad_input,
            _ => &mut self.grad_output,
        };
        of_output.reset(self.output.lengths(), 0, width);
        for (&member, to) in self.members.iter().zip(of_output.utterances_mut()) {
            source.write(member, width, to);
        }
        let Activations { inputs, kept } = &self.activations;
        gradients.resize_with(part.len(), SpacedFrames::default);
        let range = part.range();
        self.grad_parameters.resize(range.len());
        for at in (0..part.len()).rev() {
            let Some(layer) = part.layer(at) else { return };
            if stopped() {
                return;
            }
            let index = part.from + at;
            let own = &part.layout.layers[index];
            let values = own.start - range.start..own.end - range.start;
            let (before, after) = gradients.split_at_mut(at + 1);
            let mut grad_input = match at {
                0 => further.then_some(&mut self.grad_input),
                _ => Some(&mut before[at]),
            };
            let input = &inputs[at];
            if let Some(grad_input) = &mut grad_input {
                grad_input.reset(input.lengths(), layer.gap(), input.channels());
            }
            layer.backward(
                &part.weights.layers[index][0],
                part.share(at, &self.members, stopped),
                input,
                after.first().unwrap_or(&self.grad_output),
                &kept[at],
                Gradients {
                    values: &mut self.grad_parameters[values],
                    input: grad_input,
                },
                scratch,
            );
        }
    }
}
