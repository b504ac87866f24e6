//! From frames or states to one vector per utterance, and the way back.

use crate::model::ops::time_pool;
use crate::model::spec::TimePool;

use super::{Encoder, EncoderPass};

impl Encoder {
    /// One vector per utterance.
    pub(super) fn pool(&self, pass: &EncoderPass) -> Vec<f32> {
        let width = self.shape.pooled_width();
        let mut out = vec![0.0; pass.in_shard.len() * width];
        let Some(lstm) = self.shape.lstms.last() else {
            for shard in &pass.shards {
                let frames = shard.output();
                let places = frames.starts().zip(frames.lengths());
                for (&member, (start, &length)) in shard.members.iter().zip(places) {
                    let rows = &frames.values()[start * width..(start + length) * width];
                    let to = &mut out[member * width..][..width];
                    time_pool::mean(rows.chunks_exact(width), to);
                }
            }
            return out;
        };
        let units = lstm.units;
        for group in &pass.groups {
            let Some(layer) = group.layers.last() else {
                continue;
            };
            for (rank, (&member, &length)) in group.members.iter().zip(&group.lengths).enumerate() {
                for (direction, states) in layer.directions.iter().enumerate() {
                    let to = &mut out[member * width + direction * units..][..units];
                    let row =
                        |t: usize| &states.hidden()[group.steps.row(rank, t) * units..][..units];
                    match self.shape.pool {
                        TimePool::Mean => time_pool::mean((0..length).map(row), to),
                        TimePool::LastStates => {
                            to.copy_from_slice(row(time_pool::last_step(length, direction == 1)));
                        }
                    }
                }
            }
        }
        out
    }

    /// dL/d(convolved frames) where no recurrent layer follows.
    pub(super) fn unpool_frames(&self, pass: &mut EncoderPass, grad_pooled: &[f32]) {
        let width = self.shape.pooled_width();
        for shard in &mut pass.shards {
            let members = shard.members.clone();
            let frames = shard.grad_output(width);
            let places: Vec<_> = frames.starts().zip(frames.lengths().to_vec()).collect();
            for (member, (start, length)) in members.into_iter().zip(places) {
                let gradient = &grad_pooled[member * width..][..width];
                let rows = &mut frames.values_mut()[start * width..(start + length) * width];
                for row in rows.chunks_exact_mut(width) {
                    time_pool::mean_backward(gradient, length, row);
                }
            }
        }
    }

    /// dL/d(hidden) of the last recurrent layer.
    pub(super) fn unpool_states(&self, pass: &mut EncoderPass, grad_pooled: &[f32]) {
        let width = self.shape.pooled_width();
        for group in &mut pass.groups {
            let (Some(layer), Some(lstm)) = (group.layers.last_mut(), self.shape.lstms.last())
            else {
                continue;
            };
            let units = lstm.units;
            for (direction, grad) in layer.grad_hidden.iter_mut().enumerate() {
                grad.zeroed(group.steps.rows() * units);
                let ranks = group.members.iter().zip(&group.lengths).enumerate();
                for (rank, (&member, &length)) in ranks {
                    let gradient = &grad_pooled[member * width + direction * units..][..units];
                    let row = |t: usize| {
                        let at = group.steps.row(rank, t) * units;
                        at..at + units
                    };
                    match self.shape.pool {
                        TimePool::Mean => {
                            for t in 0..length {
                                time_pool::mean_backward(gradient, length, &mut grad[row(t)]);
                            }
                        }
                        TimePool::LastStates => {
                            let t = time_pool::last_step(length, direction == 1);
                            grad[row(t)].copy_from_slice(gradient);
                        }
                    }
                }
            }
        }
    }
}
