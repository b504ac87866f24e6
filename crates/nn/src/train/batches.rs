//! Which utterances make up each batch of an epoch, and their features.

use pipe_foundation::FeaturesView;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::mixup::{Mixer, blend_features};
use super::sampling::{Draw, draw, draw_number};
use super::{Example, TrainingData};

/// A random source for one purpose of one epoch, the same on every machine.
pub(super) fn source(seed: u64, purpose: &str, epoch: usize) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&(epoch as u64).to_le_bytes());
    hasher.update(purpose.as_bytes());
    *hasher.finalize().as_bytes()
}

/// A number for one batch of one epoch.
pub(super) fn batch_seed(seed: u64, purpose: &str, epoch: usize, batch: usize) -> u64 {
    let mut hasher = blake3::Hasher::new_keyed(&source(seed, purpose, epoch));
    hasher.update(&(batch as u64).to_le_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// The batches of an epoch; `frames` holds the length of each utterance, `groups` who is drawn together.
///
/// The draws of the epoch are in random order and cut into buckets of `bucket_batches` batches; each bucket is sorted
/// by length and cut into batches, so that lengths within one are alike; then the batches are shuffled.
pub(super) fn of_epoch(
    frames: &[usize],
    groups: &[Vec<usize>],
    batch: usize,
    bucket_batches: usize,
    seed: u64,
    epoch: usize,
) -> Vec<Vec<Draw>> {
    let mut random = ChaCha8Rng::from_seed(source(seed, "order", epoch));
    let mut order = draw(groups, &mut random);
    let mut batches = Vec::with_capacity(frames.len().div_ceil(batch));
    for bucket in order.chunks_mut(batch.saturating_mul(bucket_batches)) {
        bucket.sort_by_key(|draw| (frames[draw.at], draw.at, draw.repeat));
        batches.extend(bucket.chunks(batch).map(<[Draw]>::to_vec));
    }
    batches.shuffle(&mut random);
    batches
}

/// Copies of the features of one batch, to be augmented.
#[derive(Default)]
pub(super) struct BatchFeatures {
    values: Vec<f32>,
}

impl BatchFeatures {
    /// Copies, blends and augments the members' features, reusing memory.
    pub(super) fn fill(
        &mut self,
        data: &TrainingData<'_>,
        mixer: Option<&Mixer>,
        members: &[Draw],
        epoch: usize,
    ) {
        self.values.clear();
        let blends = mixer.map(|mixer| mixer.blends(data, members, epoch));
        for (place, &Draw { at, repeat }) in members.iter().enumerate() {
            let Example { id, features, .. } = data.train[at];
            let start = self.values.len();
            self.values.extend_from_slice(features.values);
            if let Some(&blend) = blends.as_ref().and_then(|blends| blends.get(place)) {
                let other = data.train[members[blend.partner].at].features;
                blend_features(&mut self.values[start..], other.values, blend);
            }
            if let Some(augment) = &data.augment {
                let own = &mut self.values[start..];
                augment.masks.apply(
                    own,
                    features.frames,
                    features.bins,
                    augment.seed,
                    draw_number(epoch, repeat),
                    id,
                );
            }
        }
    }

    /// Views of the copies.
    pub(super) fn views(&self, data: &TrainingData<'_>, members: &[Draw]) -> Vec<FeaturesView<'_>> {
        let mut rest = &self.values[..];
        members
            .iter()
            .map(|draw| {
                let FeaturesView { frames, bins, .. } = data.train[draw.at].features;
                let (values, after) = rest.split_at(frames * bins);
                rest = after;
                FeaturesView {
                    frames,
                    bins,
                    values,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_utterance_once_and_lengths_alike() {
        let frames: Vec<usize> = (0..1003).map(|n| 50 + n * 7919 % 700).collect();
        let all = [(0..1003).collect()];
        let batches = of_epoch(&frames, &all, 8, 50, 3, 0);
        assert_eq!(batches.len(), 126);
        let mut seen: Vec<usize> = batches.iter().flatten().map(|draw| draw.at).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..1003));
        let spread = |batch: &Vec<Draw>| {
            let lengths = batch.iter().map(|draw| frames[draw.at]);
            lengths.clone().max().unwrap() - lengths.min().unwrap()
        };
        // 400 utterances over 700 frames: 8 neighbours span about 14 frames.
        let mean = batches.iter().map(spread).sum::<usize>() / batches.len();
        assert!(mean < 25, "{mean}");
        assert_eq!(batches, of_epoch(&frames, &all, 8, 50, 3, 0));
        assert_ne!(batches, of_epoch(&frames, &all, 8, 50, 3, 1));
        assert_ne!(batches, of_epoch(&frames, &all, 8, 50, 4, 0));
    }
}
