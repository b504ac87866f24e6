//! The encoder as one operation with buffers of its own.
//!
//! Its layers are cut into parts: layers of frames, layers of whole batches, recurrent layers, and so on in turn, and the
//! layers after the pooling over time. A batch is cut into at most [`SHARDS`] shares for layers of frames and into groups of [`GROUP`] sequences for
//! the recurrent ones; after the pooling it is one share. How it is cut depends on the batch alone, and shares are summed
//! in their order, so results are the same bits whatever the number of threads.

mod group;
mod part_pass;
mod parts;
mod recurrence;
mod shard;
mod source;
mod weights;

use std::ops::Range;

use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;

use part_pass::{Cut, PartPass, Workspaces};
use parts::{How, LayerRange};
use recurrence::Recurrence;
use shard::Part;
use source::{GradientSource, Source};
use weights::EncoderWeights;

use super::{EncoderLayout, EncoderShape, ModelError};

/// Most shares of a batch in the convolutions.
const SHARDS: usize = 8;
/// Sequences that walk through an LSTM together: enough rows for the matrix kernel, few enough for several threads.
const GROUP: usize = 16;
/// Values that one task sums over the shares.
const SUM_BLOCK: usize = 1 << 15;

/// The encoder's sizes and the places of its parameters.
#[derive(Clone, Debug)]
pub struct Encoder {
    shape: EncoderShape,
    layout: EncoderLayout,
    parts: Vec<LayerRange>,
}

/// Packed weights, activations and gradients of one pass; kept from step to step so that nothing is allocated again.
#[derive(Default)]
pub struct EncoderPass {
    weights: EncoderWeights,
    parts: Vec<PartPass>,
    /// As many as threads have worked at once.
    workspaces: Workspaces,
    cut: Cut,
}

impl Encoder {
    /// An encoder of the given sizes.
    pub fn new(shape: EncoderShape) -> Self {
        let layout = EncoderLayout::new(&shape);
        Self {
            parts: parts::of(&shape),
            shape,
            layout,
        }
    }

    /// Its sizes.
    pub fn shape(&self) -> &EncoderShape {
        &self.shape
    }

    /// Where its parameters are.
    pub fn layout(&self) -> &EncoderLayout {
        &self.layout
    }

    /// Checks that features fit the network.
    ///
    /// # Errors
    /// [`ModelError::Bins`] or [`ModelError::Features`].
    pub fn check(&self, features: &FeaturesView<'_>) -> Result<(), ModelError> {
        if features.bins != self.shape.bins {
            return Err(ModelError::Bins {
                found: features.bins,
                expected: self.shape.bins,
            });
        }
        if features.frames.checked_mul(features.bins) != Some(features.values.len()) {
            return Err(ModelError::Features {
                frames: features.frames,
                bins: features.bins,
                values: features.values.len(),
            });
        }
        Ok(())
    }

    /// Packs the weights for the passes that follow: for training with the `seed` of what is drawn, or without one.
    pub fn pack(
        &self,
        values: &[f32],
        pass: &mut EncoderPass,
        seed: Option<u64>,
        workers: &Workers,
    ) {
        pass.weights
            .pack(&self.shape, &self.layout, values, seed, workers);
    }

    /// Forward: the embeddings `[batch, embedding]`.
    ///
    /// Weights must have been packed from the same `values`. Utterances shorter than
    /// [`EncoderShape::minimum_frames`] are lengthened by zero frames.
    ///
    /// # Errors
    /// As [`Self::check`], or [`ModelError::Stopped`] once the workers are stopped.
    pub fn forward(
        &self,
        values: &[f32],
        batch: &[FeaturesView<'_>],
        pass: &mut EncoderPass,
        workers: &Workers,
    ) -> Result<Vec<f32>, ModelError> {
        for features in batch {
            self.check(features)?;
        }
        pass.cut = Cut::new(batch, SHARDS, GROUP);
        pass.parts.resize_with(self.parts.len(), PartPass::default);
        let stopped = || workers.stopped();
        for (index, range) in self.parts.iter().enumerate() {
            let (done, rest) = pass.parts.split_at_mut(index);
            let cut = &pass.cut;
            let source = match index.checked_sub(1).map(|before| (&done[before], before)) {
                None => Source::Features(batch),
                Some((before, at)) if self.parts[at].how == How::Sequences => {
                    let last = Recurrence::new(self.part(at, &pass.weights)).last();
                    Source::States(&before.groups, &cut.in_group, last)
                }
                Some((before, at)) => {
                    Source::Shares(before.outputs(), cut.places(self.parts[at].how))
                }
            };
            let part = self.part(index, &pass.weights);
            let own = &mut rest[0];
            match range.how {
                How::Frames | How::Batch | How::Vectors => {
                    cut.shards(range.how, &mut own.shards);
                    workers.for_each(&mut own.shards, |_, shard| {
                        pass.workspaces.with(|workspace| {
                            shard.forward(part, values, batch, &source, workspace, &stopped);
                        });
                    });
                }
                How::Sequences => {
                    let recurrence = Recurrence::new(part);
                    recurrence.read(cut, batch, &done[index - 1].shards, &mut own.groups);
                    recurrence.forward(&mut own.groups, workers);
                }
            }
            if workers.stopped() {
                return Err(ModelError::Stopped);
            }
        }
        Ok(self.output(pass))
    }

    /// The embeddings in the order of the batch.
    fn output(&self, pass: &EncoderPass) -> Vec<f32> {
        let width = self.shape.embedding();
        let Some((last, how)) = pass.parts.last().zip(self.parts.last()) else {
            return Vec::new();
        };
        if how.how == How::Vectors {
            let whole = last.shards.first();
            return whole.map_or_else(Vec::new, |whole| whole.output().values().to_vec());
        }
        let places = pass.cut.places(how.how);
        let source = Source::Shares(last.outputs(), places);
        let mut out = vec![0.0; places.len() * width];
        for (member, row) in out.chunks_exact_mut(width).enumerate() {
            source.write(member, width, row);
        }
        out
    }

    fn part<'a>(&'a self, index: usize, weights: &'a EncoderWeights) -> Part<'a> {
        Part {
            shape: &self.shape,
            layout: &self.layout,
            weights,
            from: self.parts[index].from,
            to: self.parts[index].to,
        }
    }

    /// The arrays of `values` that are measured, not learned: their places, and what they are after the last pass in training.
    pub fn measured(&self, values: &[f32], pass: &EncoderPass) -> Vec<(Range<usize>, Vec<f32>)> {
        let of_array = |(layer, range): (usize, Range<usize>)| {
            let place = self
                .parts
                .iter()
                .position(|part| part.from <= layer && layer < part.to)?;
            let shard = pass.parts.get(place)?.shards.first()?;
            let own = self.layout.layers[layer].clone();
            let mut flat = values[own.clone()].to_vec();
            let part = self.part(place, &pass.weights);
            shard.measure(part, layer - part.from, &mut flat);
            let within = range.start - own.start..range.end - own.start;
            Some((range, flat[within].to_vec()))
        };
        self.layout.measured().filter_map(of_array).collect()
    }

    /// Backward from dL/d(embeddings) `[batch, embedding]`; adds to `gradient`, which has the encoder's layout.
    ///
    /// Incomplete once the workers are stopped. The pass must come straight from [`Self::forward`] with weights packed for training.
    pub fn backward(
        &self,
        pass: &mut EncoderPass,
        grad_output: &[f32],
        gradient: &mut [f32],
        workers: &Workers,
    ) {
        let EncoderPass {
            weights,
            parts,
            workspaces,
            cut,
        } = pass;
        let stopped = || workers.stopped();
        let mut vectors = grad_output.to_vec();
        for index in (0..self.parts.len()).rev() {
            let part = self.part(index, weights);
            let (before, after) = parts.split_at_mut(index + 1);
            let own = &mut before[index];
            let further = part.from > 0;
            let next = self.parts.get(index + 1);
            match self.parts[index].how {
                How::Frames | How::Batch | How::Vectors => {
                    let source = match next.map(|next| next.how) {
                        Some(How::Sequences) => {
                            let first = Recurrence::new(self.part(index + 1, weights)).first();
                            GradientSource::Sequences(&after[0].groups, &cut.in_group, first)
                        }
                        Some(how @ (How::Frames | How::Batch)) => {
                            GradientSource::Shares(after[0].input_gradients(), cut.places(how))
                        }
                        Some(How::Vectors) | None => GradientSource::Vectors(&vectors),
                    };
                    if part.from == part.to && !further {
                        return;
                    }
                    workers.for_each(&mut own.shards, |_, shard| {
                        workspaces.with(|workspace| {
                            shard.backward(part, &source, workspace, further, &stopped);
                        });
                    });
                    if workers.stopped() {
                        return;
                    }
                    own.add_gradients(&mut gradient[part.range()], workers, SUM_BLOCK);
                    if self.parts[index].how == How::Vectors {
                        let whole = own.shards.first();
                        vectors = whole.map_or_else(Vec::new, |own| own.grad_input.to_rows());
                    }
                }
                How::Sequences => {
                    let recurrence = Recurrence::new(part);
                    recurrence.read_gradient(cut, &after[0].shards, &mut own.groups);
                    recurrence.backward(&mut own.groups, further, gradient, workers, SUM_BLOCK);
                    if !further {
                        return;
                    }
                }
            }
            if workers.stopped() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
