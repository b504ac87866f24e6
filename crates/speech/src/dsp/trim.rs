//! Removes silence from the ends of a recording, and shortens long pauses, by energy.

use std::ops::Range;

use pipe_foundation::exact;
use pipe_foundation::progress::{Interrupted, Progress};
use serde::Deserialize;

use super::centred_frames::CentredFrames;
use super::kept::{Kept, passages};

/// Samples between two looks at whether to stop.
const BLOCK_SAMPLES: usize = 1 << 16;

/// What is silence, and how much of it stays.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Trim {
    /// A frame is silent where it is this much softer than the loudest of the recording, in dB, by mean power.
    pub threshold_db: f64,
    /// Length of a frame in milliseconds.
    pub frame_ms: f64,
    /// From the middle of a frame to that of the next, in milliseconds.
    pub hop_ms: f64,
    /// What stays of the silence before and after speech, in seconds.
    pub margin_s: f64,
    /// Longer pauses are shortened to this, in seconds, from their middle; none are where it is left out.
    pub longest_pause_s: Option<f64>,
}

impl Default for Trim {
    fn default() -> Self {
        Self {
            threshold_db: 40.0,
            frame_ms: 25.0,
            hop_ms: 10.0,
            margin_s: 0.0,
            longest_pause_s: None,
        }
    }
}

impl Trim {
    /// What stays of `samples`: ranges in their order that do not touch. Everything stays of a recording that is silent
    /// from end to end, in which nothing is louder than anything else.
    ///
    /// Without margins and pauses it is one range, that of librosa's `effects.trim` with `top_db` as the threshold and
    /// frames and hops of as many samples; with a longest pause of zero the ranges are those of its `effects.split`.
    ///
    /// # Errors
    /// Soon after `progress` says to stop.
    pub fn kept(
        &self,
        samples: &[f32],
        rate_hz: u32,
        progress: &dyn Progress,
    ) -> Result<Vec<Range<usize>>, Interrupted> {
        let mut powers = self.powers(rate_hz);
        for block in samples.chunks(BLOCK_SAMPLES) {
            progress.check()?;
            powers.push(block);
        }
        Ok(self.kept_by(powers))
    }

    /// What takes samples that come in blocks, for [`Self::kept_by`].
    pub fn powers(&self, rate_hz: u32) -> FramePowers {
        let count = |ms: f64| self.samples(ms / 1000.0, rate_hz);
        FramePowers {
            rate_hz,
            frames: CentredFrames::new(count(self.frame_ms), count(self.hop_ms)),
            powers: Vec::new(),
        }
    }

    /// Samples in so many seconds.
    pub fn samples(&self, seconds: f64, rate_hz: u32) -> usize {
        (seconds * f64::from(rate_hz)).round() as usize
    }

    /// As [`Self::kept`], of samples that have come in blocks of any sizes.
    pub fn kept_by(&self, of: FramePowers) -> Vec<Range<usize>> {
        let (rate_hz, hop, received) = (of.rate_hz, of.frames.hop(), of.frames.received());
        let count = |seconds: f64| self.samples(seconds, rate_hz);
        let powers = of.finish();
        let loudest = powers.iter().copied().fold(0.0, f64::max);
        let threshold = loudest * exact::pow(10.0, -self.threshold_db / 10.0);
        let is_speech = powers.iter().map(|power| *power > threshold);
        let kept = Kept {
            margin: count(self.margin_s),
            longest_pause: self.longest_pause_s.map(count),
        };
        kept.around(&passages(is_speech, hop, received), received)
    }

    /// What stays of `samples`, joined.
    ///
    /// # Errors
    /// As [`Self::kept`].
    pub fn apply(
        &self,
        samples: &[f32],
        rate_hz: u32,
        progress: &dyn Progress,
    ) -> Result<Vec<f32>, Interrupted> {
        let kept = self.kept(samples, rate_hz, progress)?;
        Ok(kept
            .into_iter()
            .flat_map(|range| &samples[range])
            .copied()
            .collect())
    }
}

/// Mean power of centred frames of samples that come in blocks.
pub struct FramePowers {
    rate_hz: u32,
    frames: CentredFrames,
    powers: Vec<f64>,
}

impl FramePowers {
    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        let length = self.frames.length();
        let powers = &mut self.powers;
        (self.frames).push(samples, |_, frame| powers.push(mean_power(frame, length)));
    }

    fn finish(mut self) -> Vec<f64> {
        let length = self.frames.length();
        let powers = &mut self.powers;
        (self.frames).finish(|_, frame| powers.push(mean_power(frame, length)));
        self.powers
    }
}

/// The mean power of a frame of so many samples; those that are not given are zero.
pub(super) fn mean_power(frame: &[f32], length: usize) -> f64 {
    let sum: f64 = frame.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    sum / length as f64
}

#[cfg(test)]
mod tests {
    use pipe_foundation::progress::Silent;
    use pipe_foundation::test_support::InterruptsAfter;

    use super::*;

    /// Bursts and pauses, by `tests/golden/trim.py`: levels of parts, and what librosa keeps of them.
    #[derive(Deserialize)]
    struct Golden {
        rate_hz: u32,
        frame: f64,
        hop: f64,
        top_db: f64,
        samples: Vec<f32>,
        trimmed: (usize, usize),
        split: Vec<(usize, usize)>,
    }

    /// The bounds of the only range.
    fn one(kept: Vec<Range<usize>>) -> (usize, usize) {
        assert_eq!(kept.len(), 1, "{kept:?}");
        (kept[0].start, kept[0].end)
    }

    #[test]
    fn ends_and_passages_are_those_of_librosa() {
        let cases: Vec<Golden> =
            serde_json::from_str(include_str!("../../tests/golden/trim.json")).unwrap();
        assert!(cases.len() >= 3);
        for case in cases {
            let ms = |samples: f64| samples / f64::from(case.rate_hz) * 1000.0;
            let trim = Trim {
                threshold_db: case.top_db,
                frame_ms: ms(case.frame),
                hop_ms: ms(case.hop),
                ..Trim::default()
            };
            let kept = |trim: Trim| trim.kept(&case.samples, case.rate_hz, &Silent).unwrap();
            assert_eq!(one(kept(trim)), (case.trimmed.0, case.trimmed.1));
            let split = Trim {
                longest_pause_s: Some(0.0),
                ..trim
            };
            let expected: Vec<_> = case.split.iter().map(|&(start, end)| start..end).collect();
            assert_eq!(kept(split), expected);
        }
    }

    fn burst(parts: &[(usize, f32)]) -> Vec<f32> {
        let part = |&(length, level): &(usize, f32)| std::iter::repeat_n(level, length);
        parts.iter().flat_map(part).collect()
    }

    const TRIM: Trim = Trim {
        threshold_db: 40.0,
        frame_ms: 1.0,
        hop_ms: 1.0,
        margin_s: 0.0,
        longest_pause_s: None,
    };

    #[test]
    fn margins_and_pauses_stay_as_long_as_they_may() {
        // One sample is a millisecond.
        let samples = burst(&[(500, 0.0), (200, 0.5), (800, 0.001), (100, 0.3), (50, 0.0)]);
        let kept = |trim: Trim| trim.kept(&samples, 1000, &Silent).unwrap();
        assert_eq!(one(kept(TRIM)), (500, 1600));
        let margin_s = 0.1;
        assert_eq!(one(kept(Trim { margin_s, ..TRIM })), (400, 1650));
        let pause = |seconds| Trim {
            longest_pause_s: Some(seconds),
            ..TRIM
        };
        assert_eq!(one(kept(pause(0.8))), (500, 1600));
        assert_eq!(kept(pause(0.301)), [500..850, 1349..1600]);
        assert_eq!(kept(pause(0.0)), [500..700, 1500..1600]);
        let joined = pause(0.0).apply(&samples, 1000, &Silent).unwrap();
        assert_eq!(joined, burst(&[(200, 0.5), (100, 0.3)]));
    }

    #[test]
    fn silence_is_not_emptied_and_no_samples_are_none() {
        for samples in [vec![0.0; 300], Vec::new()] {
            let found = TRIM.kept(&samples, 1000, &Silent).unwrap();
            assert_eq!(one(found), (0, samples.len()));
        }
    }

    #[test]
    fn it_stops_while_it_looks() {
        let samples = vec![0.1; 5 * BLOCK_SAMPLES];
        assert!(TRIM.kept(&samples, 1000, &InterruptsAfter::new(3)).is_err());
    }

    #[test]
    fn samples_in_blocks_of_any_sizes_have_the_same_silence() {
        let samples = burst(&[(500, 0.0), (200, 0.5), (800, 0.001), (100, 0.3), (51, 0.0)]);
        for (frame_ms, hop_ms) in [(1.0, 1.0), (25.0, 10.0), (7.0, 90.0), (400.0, 3.0)] {
            let trim = Trim {
                frame_ms,
                hop_ms,
                longest_pause_s: Some(0.1),
                ..TRIM
            };
            let whole = trim.kept(&samples, 1000, &Silent).unwrap();
            for size in [1, 7, 64, 1000] {
                let mut powers = trim.powers(1000);
                samples.chunks(size).for_each(|block| powers.push(block));
                assert_eq!(trim.kept_by(powers), whole, "{frame_ms} {hop_ms} {size}");
            }
        }
    }
}
