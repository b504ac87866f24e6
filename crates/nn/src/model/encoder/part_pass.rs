//! How a batch is cut, and what the parts of the encoder keep of it.

use std::sync::Mutex;

use pipe_foundation::sync::lock;
use pipe_foundation::{FeaturesView, Workers};

use crate::layers::SpacedFrames;

use super::group::Group;
use super::parts::How;
use super::shard::{Shard, Workspace};

/// What one part keeps: shards or groups.
#[derive(Default)]
pub(super) struct PartPass {
    pub(super) shards: Vec<Shard>,
    pub(super) groups: Vec<Group>,
}

impl PartPass {
    /// dL/d(input) of the shards.
    pub(super) fn input_gradients(&self) -> Vec<&SpacedFrames> {
        self.shards.iter().map(|shard| &shard.grad_input).collect()
    }

    /// Outputs of the shards.
    pub(super) fn outputs(&self) -> Vec<&SpacedFrames> {
        self.shards.iter().map(Shard::output).collect()
    }

    /// Adds the shards' gradients, in their order, to those of the part.
    pub(super) fn add_gradients(&self, gradient: &mut [f32], workers: &Workers, block: usize) {
        let mut blocks: Vec<&mut [f32]> = gradient.chunks_mut(block).collect();
        workers.for_each(&mut blocks, |index, values| {
            for shard in &self.shards {
                let part = &shard.grad_parameters[index * block..];
                values.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
            }
        });
    }
}

/// Which utterances go together.
#[derive(Default)]
pub(super) struct Cut {
    /// Members of each shard.
    shards: Vec<Vec<usize>>,
    /// Members of each group, longest first.
    pub(super) groups: Vec<Vec<usize>>,
    /// For each batch position: shard and place within it.
    in_shard: Vec<(usize, usize)>,
    /// The same where the whole batch is one share.
    in_whole: Vec<(usize, usize)>,
    /// For each batch position: group and rank within it.
    pub(super) in_group: Vec<(usize, usize)>,
}

impl Cut {
    /// Assigns utterances to shards of equal load and to groups of similar lengths.
    pub(super) fn new(batch: &[FeaturesView<'_>], most_shards: usize, of_group: usize) -> Self {
        let mut order: Vec<usize> = (0..batch.len()).collect();
        order.sort_by_key(|&at| (std::cmp::Reverse(batch[at].frames), at));
        let mut cut = Self {
            shards: vec![Vec::new(); most_shards.min(batch.len())],
            groups: vec![Vec::new(); batch.len().div_ceil(of_group)],
            in_shard: vec![(0, 0); batch.len()],
            in_whole: (0..batch.len()).map(|at| (0, at)).collect(),
            in_group: vec![(0, 0); batch.len()],
        };
        let mut load = vec![0usize; cut.shards.len()];
        let groups = cut.groups.len();
        for (rank, &at) in order.iter().enumerate() {
            let Some(lightest) = (0..load.len()).min_by_key(|&s| (load[s], s)) else {
                break;
            };
            load[lightest] += batch[at].frames.max(1);
            cut.in_shard[at] = (lightest, cut.shards[lightest].len());
            cut.shards[lightest].push(at);
            let group = rank % groups;
            cut.in_group[at] = (group, cut.groups[group].len());
            cut.groups[group].push(at);
        }
        cut
    }

    /// For each batch position its share and its place in it, in a part that runs in this way.
    pub(super) fn places(&self, how: How) -> &[(usize, usize)] {
        match how {
            How::Batch | How::Vectors => &self.in_whole,
            How::Frames | How::Sequences => &self.in_shard,
        }
    }

    /// Makes shards of the batch, or one of all of it.
    pub(super) fn shards(&self, how: How, shards: &mut Vec<Shard>) {
        if matches!(how, How::Batch | How::Vectors) {
            shards.resize_with(1, Shard::default);
            shards[0].members = (0..self.in_shard.len()).collect();
            return;
        }
        shards.resize_with(self.shards.len(), Shard::default);
        for (shard, members) in shards.iter_mut().zip(&self.shards) {
            shard.members.clone_from(members);
        }
    }
}

/// Workspaces that no thread is using.
#[derive(Default)]
pub(super) struct Workspaces {
    idle: Mutex<Vec<Workspace>>,
}

impl Workspaces {
    /// Lends one to `work`: the one used last, as it may still be in the cache.
    pub(super) fn with(&self, work: impl FnOnce(&mut Workspace)) {
        let idle = || lock(&self.idle);
        let mut workspace = idle().pop().unwrap_or_default();
        work(&mut workspace);
        idle().push(workspace);
    }
}
