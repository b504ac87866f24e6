//! Where the frames that a part of the encoder begins with come from, and where its gradient comes from.

use pipe_foundation::FeaturesView;

use crate::layers::{AnyRecurrentLayer, SpacedFrames};

use super::group::Group;

/// Frames of a batch, by the place of their utterance in it.
pub(super) enum Source<'a> {
    /// Features, lengthened by zeros.
    Features(&'a [FeaturesView<'a>]),
    /// States of recurrent layers, of which this is the last; for each utterance its group and its rank in it.
    States(&'a [Group], &'a [(usize, usize)], &'a dyn AnyRecurrentLayer),
    /// Outputs of shares; for each utterance its share and its place in it.
    Shares(Vec<&'a SpacedFrames>, &'a [(usize, usize)]),
}

impl Source<'_> {
    /// Writes the frames of the utterance at `member`, `[frames, width]`.
    pub(super) fn write(&self, member: usize, width: usize, to: &mut [f32]) {
        match self {
            Self::Features(batch) => {
                let from = batch[member].values;
                to[..from.len()].copy_from_slice(from);
                to[from.len()..].fill(0.0);
            }
            Self::States(groups, in_group, last) => {
                let (group, rank) = in_group[member];
                groups[group].write_states(*last, rank, width, to);
            }
            Self::Shares(shares, places) => {
                let (share, place) = places[member];
                to.copy_from_slice(shares[share].utterance(place));
            }
        }
    }
}

/// dL/d(output) of a part of the encoder, by the place of the utterance in the batch.
pub(super) enum GradientSource<'a> {
    /// Of one vector for each utterance, in the order of the batch.
    Vectors(&'a [f32]),
    /// dL/d(input) of shares that come after; for each utterance its share and its place in it.
    Shares(Vec<&'a SpacedFrames>, &'a [(usize, usize)]),
    /// From recurrent layers, of which this is the first; for each utterance its group and its rank in it.
    Sequences(&'a [Group], &'a [(usize, usize)], &'a dyn AnyRecurrentLayer),
}

impl GradientSource<'_> {
    /// Writes the gradient for the utterance at `member`, `[frames, width]`.
    pub(super) fn write(&self, member: usize, width: usize, to: &mut [f32]) {
        match self {
            Self::Vectors(rows) => to.copy_from_slice(&rows[member * width..][..width]),
            Self::Shares(shares, places) => {
                let (share, place) = places[member];
                to.copy_from_slice(shares[share].utterance(place));
            }
            Self::Sequences(groups, in_group, first) => {
                let (group, rank) = in_group[member];
                groups[group].write_gradient(*first, rank, width, to);
            }
        }
    }
}
