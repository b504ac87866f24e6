//! A part of recurrent layers over all groups of a batch; within a layer, each direction of each group is a task.

use pipe_foundation::{Buffer, FeaturesView, Workers};

use crate::layers::{AnyRecurrentLayer, Run, Steps, Walk};

use super::group::{Direction, Group};
use super::part_pass::Cut;
use super::shard::{Part, Shard};

/// The layers of the part.
pub(super) struct Recurrence<'a> {
    part: Part<'a>,
    /// Each with the width of its input.
    layers: Vec<(usize, &'a dyn AnyRecurrentLayer)>,
}

impl<'a> Recurrence<'a> {
    pub(super) fn new(part: Part<'a>) -> Self {
        let layers = (part.from..part.to).map(|index| match part.shape.layer(index).run() {
            Run::Sequences(layer) => (part.shape.width_before(index), layer),
            Run::Frames(_) | Run::Batch(_) => unreachable!("the part has recurrent layers only"),
        });
        Self {
            layers: layers.collect(),
            part,
        }
    }

    pub(super) fn first(&self) -> &'a dyn AnyRecurrentLayer {
        self.layers[0].1
    }

    pub(super) fn last(&self) -> &'a dyn AnyRecurrentLayer {
        self.layers[self.layers.len() - 1].1
    }

    /// Makes the groups of a batch, whose frames are the output of `shards`.
    pub(super) fn read(
        &self,
        cut: &Cut,
        batch: &[FeaturesView<'_>],
        shards: &[Shard],
        groups: &mut Vec<Group>,
    ) {
        groups.resize_with(cut.groups.len(), Group::default);
        for (group, members) in groups.iter_mut().zip(&cut.groups) {
            let (shape, from) = (self.part.shape, self.part.from);
            let lengths = members.iter();
            let lengths = lengths.map(|&at| shape.frames_before(from, batch[at].frames));
            group.reset(&self.layers, members.clone(), lengths.collect());
        }
        for shard in shards {
            for (&member, frames) in shard.members.iter().zip(shard.output().utterances()) {
                let (group, rank) = cut.in_group[member];
                groups[group].read(rank, frames);
            }
        }
    }

    /// Takes dL/d(states) from that of the first layer's input of `shards`, which come after.
    pub(super) fn read_gradient(&self, cut: &Cut, shards: &[Shard], groups: &mut [Group]) {
        let width = self.part.shape.width_before(self.part.to);
        for shard in shards {
            for (&member, frames) in shard.members.iter().zip(shard.grad_input.utterances()) {
                let (group, rank) = cut.in_group[member];
                groups[group].read_gradient(self.last(), rank, width, frames);
            }
        }
    }

    /// Runs all layers; incomplete once the workers are stopped.
    pub(super) fn forward(&self, groups: &mut [Group], workers: &Workers) {
        let stopped = || workers.stopped();
        for (index, &(_, layer)) in self.layers.iter().enumerate() {
            if let Some(below) = index.checked_sub(1) {
                for group in groups.iter_mut() {
                    group.stack(below, self.layers[below].1);
                }
            }
            let weights = &self.part.weights.layers[self.part.from + index];
            let mut tasks = tasks(groups, index);
            workers.for_each(&mut tasks, |_, (direction, steps, input, own)| {
                let walk = Walk {
                    steps,
                    backward_in_time: *direction == 1,
                    stopped: &stopped,
                };
                layer.forward(&weights[*direction], walk, input, &mut own.pass);
            });
            if workers.stopped() {
                return;
            }
        }
    }

    /// Runs all layers backward and adds to `gradient`, which has the encoder's layout; with dL/d(input) only where
    /// `further` layers before need it. Incomplete once the workers are stopped.
    pub(super) fn backward(
        &self,
        groups: &mut [Group],
        further: bool,
        gradient: &mut [f32],
        workers: &Workers,
        block: usize,
    ) {
        let stopped = || workers.stopped();
        for (index, &(_, layer)) in self.layers.iter().enumerate().rev() {
            let with_input = index > 0 || further;
            let weights = &self.part.weights.layers[self.part.from + index];
            let mut tasks = tasks(groups, index);
            workers.for_each(&mut tasks, |_, (direction, steps, input, own)| {
                let walk = Walk {
                    steps,
                    backward_in_time: *direction == 1,
                    stopped: &stopped,
                };
                let (weights, grad_hidden) = (&weights[*direction], &own.grad_hidden);
                let pass = &mut own.pass;
                layer.backward(weights, walk, input, grad_hidden, with_input, pass);
            });
            if workers.stopped() {
                return;
            }
            let start = self.part.layout.layers[self.part.from + index].start;
            let length = layer.direction_parameters();
            for direction in 0..layer.directions() {
                let to = &mut gradient[start + direction * length..][..length];
                let mut blocks: Vec<&mut [f32]> = to.chunks_mut(block).collect();
                workers.for_each(&mut blocks, |at, values| {
                    for group in groups.iter() {
                        let own = &group.layers[index].directions[direction];
                        let part = &layer.grad_values(&own.pass)[at * block..];
                        values.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
                    }
                });
            }
            if let Some(below) = index.checked_sub(1) {
                for group in groups.iter_mut() {
                    group.unstack(index, (self.layers[below].1, layer));
                }
            }
        }
    }
}

/// The work on one layer: for each direction of each group its number, the steps, the input, and what it computes.
type Task<'g> = (usize, &'g Steps, &'g Buffer, &'g mut Direction);

/// The work on the layer at `index`, of which every part can be done at the same time.
fn tasks(groups: &mut [Group], index: usize) -> Vec<Task<'_>> {
    let mut tasks = Vec::new();
    for group in groups {
        let (steps, pass) = (&group.steps, &mut group.layers[index]);
        for (direction, own) in pass.directions.iter_mut().enumerate() {
            tasks.push((direction, steps, &pass.input, own));
        }
    }
    tasks
}
