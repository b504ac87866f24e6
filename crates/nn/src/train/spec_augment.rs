//! SpecAugment: masks stretches of time and bands of frequency.

use std::ops::Range;

use pipe_foundation::random::{stream, whole};
use serde::{Deserialize, Serialize};

/// Masks on features, after Park et al., "SpecAugment" (Interspeech 2019), without time warping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpecAugment {
    /// A time mask covers 0..=this many frames, all equally likely.
    pub time_mask_frames: usize,
    /// A frequency mask covers 0..=this many bins, all equally likely.
    pub frequency_mask_bins: usize,
    /// Time masks per utterance; they may overlap.
    pub time_masks: usize,
    /// Frequency masks per utterance; they may overlap.
    pub frequency_masks: usize,
    /// The value under a mask; 0 is the mean of normalised features.
    pub fill: f32,
}

impl Default for SpecAugment {
    fn default() -> Self {
        SpecAugment {
            time_mask_frames: 30,
            frequency_mask_bins: 3,
            time_masks: 1,
            frequency_masks: 1,
            fill: 0.0,
        }
    }
}

/// What is hidden of an utterance's features.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masks {
    /// Frames.
    pub times: Vec<Range<usize>>,
    /// Bins.
    pub bands: Vec<Range<usize>>,
}

impl SpecAugment {
    /// Masks `values`, row-major `[frames, bins]`, in place, with the masks of [`Self::masks`].
    pub fn apply(
        &self,
        values: &mut [f32],
        frames: usize,
        bins: usize,
        seed: u64,
        epoch: u64,
        utterance_id: &str,
    ) {
        let Masks { times, bands } = self.masks(frames, bins, seed, epoch, utterance_id);
        for (frame, row) in values.chunks_mut(bins.max(1)).take(frames).enumerate() {
            if times.iter().any(|range| range.contains(&frame)) {
                row.fill(self.fill);
                continue;
            }
            for band in &bands {
                if let Some(band) = row.get_mut(band.clone()) {
                    band.fill(self.fill);
                }
            }
        }
    }

    /// The masks of an utterance of `frames` frames and `bins` bins.
    ///
    /// A width is drawn from 0..=W, W at most the size there is, then a start among those where the mask fits. The
    /// draws depend on (seed, epoch, utterance) alone and are the same on every machine.
    pub fn masks(
        &self,
        frames: usize,
        bins: usize,
        seed: u64,
        epoch: u64,
        utterance_id: &str,
    ) -> Masks {
        let mut random = stream(
            "spec_augment",
            &[
                &seed.to_le_bytes(),
                &epoch.to_le_bytes(),
                utterance_id.as_bytes(),
            ],
        );
        let mut mask = |width: usize, size: usize| {
            let width = whole(&mut random, width.min(size));
            let start = whole(&mut random, size - width);
            start..start + width
        };
        let times = (0..self.time_masks)
            .map(|_| mask(self.time_mask_frames, frames))
            .collect();
        let bands = (0..self.frequency_masks)
            .map(|_| mask(self.frequency_mask_bins, bins))
            .collect();
        Masks { times, bands }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames and bins that are masked in features of ones.
    fn masked(
        augment: &SpecAugment,
        frames: usize,
        bins: usize,
        epoch: u64,
        id: &str,
    ) -> (Vec<usize>, Vec<usize>) {
        let mut values = vec![1.0; frames * bins];
        augment.apply(&mut values, frames, bins, 7, epoch, id);
        let hidden = |frame: usize, bin: usize| values[frame * bins + bin] == 0.0;
        let times: Vec<usize> = (0..frames)
            .filter(|&f| (0..bins).all(|b| hidden(f, b)))
            .collect();
        let bands = (0..bins)
            .filter(|&b| (0..frames).all(|f| hidden(f, b)))
            .collect();
        let count = values.iter().filter(|v| **v == 0.0).count();
        let (t, b): (usize, Vec<usize>) = (times.len(), bands);
        assert_eq!(
            count,
            t * bins + b.len() * frames - t * b.len(),
            "masks are rectangles"
        );
        (times, b)
    }

    #[test]
    fn widths_are_uniform_and_masks_contiguous() {
        let augment = SpecAugment::default();
        let mut widths = [0_usize; 31];
        let mut bands = [0_usize; 4];
        let mut first_bins = [0_usize; 40];
        for epoch in 0..6_200 {
            let (t, b) = masked(&augment, 200, 40, epoch, "u1");
            assert!(t.windows(2).all(|pair| pair[1] == pair[0] + 1));
            assert!(b.windows(2).all(|pair| pair[1] == pair[0] + 1));
            widths[t.len()] += 1;
            bands[b.len()] += 1;
            if b.len() == 1 {
                first_bins[b[0]] += 1;
            }
        }
        assert!(
            widths.iter().all(|count| (140..260).contains(count)),
            "{widths:?}"
        );
        assert!(
            bands.iter().all(|count| (1_400..1_700).contains(count)),
            "{bands:?}"
        );
        assert!(
            first_bins.iter().all(|count| (15..70).contains(count)),
            "{first_bins:?}"
        );
    }

    #[test]
    fn draws_depend_on_seed_epoch_and_utterance() {
        let augment = SpecAugment::default();
        let draws: std::collections::HashSet<_> = (0..20)
            .map(|epoch| masked(&augment, 3000, 80, epoch, "u"))
            .collect();
        assert!(draws.len() >= 19);
        assert_eq!(
            masked(&augment, 300, 40, 3, "u"),
            masked(&augment, 300, 40, 3, "u")
        );
        assert_ne!(
            masked(&augment, 3000, 80, 3, "u"),
            masked(&augment, 3000, 80, 3, "v")
        );
    }

    #[test]
    fn masks_are_clamped_to_small_features() {
        let wide = SpecAugment {
            time_mask_frames: 1000,
            frequency_mask_bins: 1000,
            time_masks: 3,
            frequency_masks: 3,
            fill: 0.5,
        };
        for (frames, bins) in [(1, 1), (2, 3), (0, 4), (5, 0)] {
            for epoch in 0..50 {
                let mut values = vec![1.0; frames * bins];
                wide.apply(&mut values, frames, bins, 1, epoch, "u");
                assert!(values.iter().all(|value| *value == 1.0 || *value == 0.5));
            }
        }
    }

    /// The same masks on every machine and by every later version, or results change behind a seed.
    #[test]
    fn draws_are_pinned() {
        let augment = SpecAugment::default();
        let masks = |epoch| {
            let (times, bands) = masked(&augment, 200, 40, epoch, "crema-d/1001_DFA_ANG_XX");
            (times.first().copied(), times.len(), bands)
        };
        assert_eq!(masks(0), (Some(183), 7, vec![27, 28, 29]));
        assert_eq!(masks(1), (Some(4), 28, vec![21]));
    }
}
