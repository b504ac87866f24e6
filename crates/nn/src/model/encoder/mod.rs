//! The encoder: convolution blocks, LSTM layers and time pooling as one operation with buffers of its own.
//!
//! A batch is cut into at most [`SHARDS`] shares for the convolutions and into groups of
//! [`GROUP`] sequences for the recurrent layers. How it is cut depends on the batch alone, and
//! shares are summed in their order, so results are the same bits whatever the number of threads.

mod group;
mod pooling;
mod shard;
mod weights;

use std::sync::Mutex;

use group::Group;
use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;
use pipe_foundation::sync::lock;
use shard::{Shard, Workspace};
use weights::EncoderWeights;

use super::ops::lstm::DirectionLayout;
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
}

/// Packed weights, activations and gradients of one pass; kept from step to step so that nothing is allocated again.
#[derive(Default)]
pub struct EncoderPass {
    weights: EncoderWeights,
    shards: Vec<Shard>,
    groups: Vec<Group>,
    /// As many as threads have worked at once.
    workspaces: Workspaces,
    /// For each batch position: shard and rank within it.
    in_shard: Vec<(usize, usize)>,
}

/// Workspaces that no thread is using.
#[derive(Default)]
struct Workspaces {
    idle: Mutex<Vec<Workspace>>,
}

impl Workspaces {
    /// Lends one to `work`: the one used last, as it may still be in the cache.
    fn with(&self, work: impl FnOnce(&mut Workspace)) {
        let idle = || lock(&self.idle);
        let mut workspace = idle().pop().unwrap_or_default();
        work(&mut workspace);
        idle().push(workspace);
    }
}

impl Encoder {
    /// An encoder of the given sizes.
    pub fn new(shape: EncoderShape) -> Self {
        let layout = EncoderLayout::new(&shape);
        Self { shape, layout }
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

    /// Packs the weights for the passes that follow.
    pub fn pack(&self, values: &[f32], pass: &mut EncoderPass, training: bool, workers: &Workers) {
        pass.weights.pack(&self.layout, values, training, workers);
    }

    /// Forward: pooled frames `[batch, pooled width]`, before any fully connected layer.
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
        self.cut(batch, pass);
        let EncoderPass {
            weights,
            shards,
            workspaces,
            ..
        } = &mut *pass;
        let keep = weights.training;
        workers.for_each(shards, |_, shard| {
            workspaces.with(|workspace| {
                let (shape, layout) = (&self.shape, &self.layout);
                let stopped = || workers.stopped();
                shard.forward(
                    shape, layout, weights, values, batch, workspace, keep, &stopped,
                );
            });
        });
        if !workers.stopped() {
            self.recur(pass, workers);
        }
        if workers.stopped() {
            return Err(ModelError::Stopped);
        }
        Ok(self.pool(pass))
    }

    /// Assigns utterances to shards and groups.
    fn cut(&self, batch: &[FeaturesView<'_>], pass: &mut EncoderPass) {
        let mut order: Vec<usize> = (0..batch.len()).collect();
        order.sort_by_key(|&at| (std::cmp::Reverse(batch[at].frames), at));
        let shards = SHARDS.min(batch.len());
        pass.shards.resize_with(shards, Shard::default);
        pass.shards.iter_mut().for_each(|s| s.members.clear());
        pass.in_shard = vec![(0, 0); batch.len()];
        let mut load = vec![0usize; shards];
        for &at in &order {
            let Some(lightest) = (0..shards).min_by_key(|&s| (load[s], s)) else {
                break;
            };
            load[lightest] += batch[at].frames.max(1);
            pass.in_shard[at] = (lightest, pass.shards[lightest].members.len());
            pass.shards[lightest].members.push(at);
        }
        let groups = if self.shape.lstms.is_empty() {
            0
        } else {
            batch.len().div_ceil(GROUP)
        };
        pass.groups.resize_with(groups, Group::default);
        for (index, group) in pass.groups.iter_mut().enumerate() {
            let members: Vec<usize> = order.iter().copied().skip(index).step_by(groups).collect();
            let lengths = members
                .iter()
                .map(|&at| self.shape.frames_out(batch[at].frames))
                .collect();
            group.reset(&self.shape, members, lengths);
        }
    }

    /// Runs the recurrent layers; within one, each direction of each group is a task.
    fn recur(&self, pass: &mut EncoderPass, workers: &Workers) {
        let EncoderPass {
            weights,
            shards,
            groups,
            in_shard,
            ..
        } = pass;
        for (layer, lstm) in self.shape.lstms.iter().enumerate() {
            for group in groups.iter_mut() {
                if layer == 0 {
                    gather(shards, in_shard, group, lstm.input);
                } else {
                    group.stack(&self.shape, layer);
                }
            }
            let mut tasks = Vec::new();
            for group in groups.iter_mut() {
                let (steps, pass) = (&group.steps, &mut group.layers[layer]);
                for (direction, states) in pass.directions.iter_mut().enumerate() {
                    tasks.push((direction, steps, &pass.input, states));
                }
            }
            workers.for_each(&mut tasks, |_, (direction, steps, input, states)| {
                states.forward(
                    DirectionLayout::new(lstm),
                    &weights.lstms[layer][*direction],
                    steps,
                    *direction == 1,
                    input,
                    &|| workers.stopped(),
                );
            });
            if workers.stopped() {
                return;
            }
        }
    }

    /// Backward from dL/d(pooled frames) `[batch, pooled width]`; adds to `gradient`, which has the encoder's layout.
    ///
    /// Incomplete once the workers are stopped. The pass must come straight from [`Self::forward`] with weights packed for training.
    pub fn backward(
        &self,
        pass: &mut EncoderPass,
        grad_pooled: &[f32],
        gradient: &mut [f32],
        workers: &Workers,
    ) {
        if self.shape.lstms.is_empty() {
            self.unpool_frames(pass, grad_pooled);
        } else {
            self.unpool_states(pass, grad_pooled);
            self.recur_backward(pass, gradient, workers);
        }
        if self.shape.convs.is_empty() || workers.stopped() {
            return;
        }
        let EncoderPass {
            weights,
            shards,
            workspaces,
            ..
        } = pass;
        workers.for_each(shards, |_, shard| {
            workspaces.with(|workspace| {
                shard.backward(&self.shape, &self.layout, weights, workspace);
            });
        });
        if workers.stopped() {
            return;
        }
        let parameters: usize = self.shape.convs.iter().map(|conv| conv.parameters()).sum();
        let mut blocks: Vec<&mut [f32]> = gradient[..parameters].chunks_mut(SUM_BLOCK).collect();
        workers.for_each(&mut blocks, |index, block| {
            for shard in shards.iter() {
                let part = &shard.grad_parameters[index * SUM_BLOCK..];
                block.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
            }
        });
    }

    fn recur_backward(&self, pass: &mut EncoderPass, gradient: &mut [f32], workers: &Workers) {
        let EncoderPass {
            weights,
            shards,
            groups,
            in_shard,
            ..
        } = pass;
        for (layer, lstm) in self.shape.lstms.iter().enumerate().rev() {
            let with_input = layer > 0 || !self.shape.convs.is_empty();
            let mut tasks = Vec::new();
            for group in groups.iter_mut() {
                let (steps, pass) = (&group.steps, &mut group.layers[layer]);
                let hidden = pass.grad_hidden.iter();
                for (direction, (states, grad)) in
                    pass.directions.iter_mut().zip(hidden).enumerate()
                {
                    tasks.push((direction, steps, &pass.input, grad, states));
                }
            }
            workers.for_each(&mut tasks, |_, (direction, steps, input, grad, states)| {
                let layout = DirectionLayout::new(lstm);
                let weights = &weights.lstms[layer][*direction];
                states.backward(layout, weights, steps, *direction == 1, input, grad);
                if with_input {
                    states.input_gradient(layout, weights);
                }
            });
            if workers.stopped() {
                return;
            }
            for direction in 0..lstm.directions {
                let to = &mut gradient[self.layout.direction(layer, direction)];
                let mut blocks: Vec<&mut [f32]> = to.chunks_mut(SUM_BLOCK).collect();
                workers.for_each(&mut blocks, |index, block| {
                    for group in groups.iter() {
                        let states = &group.layers[layer].directions[direction];
                        let part = &states.grad_weights()[index * SUM_BLOCK..];
                        block.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
                    }
                });
            }
            if layer > 0 {
                groups
                    .iter_mut()
                    .for_each(|g| g.unstack(&self.shape, layer));
            } else if with_input {
                scatter(shards, in_shard, groups, lstm.input);
            }
        }
    }
}

/// Copies the convolved frames of a group's members into the first recurrent layer's input.
fn gather(shards: &[Shard], in_shard: &[(usize, usize)], group: &mut Group, width: usize) {
    let starts: Vec<Vec<usize>> = shards
        .iter()
        .map(|s| s.output().starts().collect())
        .collect();
    let Some(layer) = group.layers.first_mut() else {
        return;
    };
    for (rank, (&member, &length)) in group.members.iter().zip(&group.lengths).enumerate() {
        let (shard, place) = in_shard[member];
        let frames = &shards[shard].output().values()[starts[shard][place] * width..];
        for (t, frame) in frames.chunks_exact(width).take(length).enumerate() {
            layer.input[group.steps.row(rank, t) * width..][..width].copy_from_slice(frame);
        }
    }
}

/// Sums the directions' input gradients into dL/d(convolved frames).
fn scatter(shards: &mut [Shard], in_shard: &[(usize, usize)], groups: &[Group], width: usize) {
    let mut starts: Vec<Vec<usize>> = Vec::new();
    for shard in shards.iter_mut() {
        starts.push(shard.grad_output(width).starts().collect());
    }
    let mut outputs: Vec<_> = shards.iter_mut().map(|s| s.grad_output(width)).collect();
    for group in groups {
        let Some(layer) = group.layers.first() else {
            continue;
        };
        for (rank, (&member, &length)) in group.members.iter().zip(&group.lengths).enumerate() {
            let (shard, place) = in_shard[member];
            let to = &mut outputs[shard].values_mut()[starts[shard][place] * width..];
            for (t, frame) in to.chunks_exact_mut(width).take(length).enumerate() {
                frame.fill(0.0);
                for pass in &layer.directions {
                    let from = &pass.grad_input()[group.steps.row(rank, t) * width..][..width];
                    frame.iter_mut().zip(from).for_each(|(sum, g)| *sum += g);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
