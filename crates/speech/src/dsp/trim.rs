//! Removes silence from the ends of a recording, and shortens long pauses, by energy.

use std::ops::Range;

use pipe_foundation::exact;
use pipe_foundation::progress::{Interrupted, Progress};
use serde::Deserialize;

/// Frames between two looks at whether to stop.
const LOOK_EVERY: usize = 1024;

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
        let count = |seconds: f64| (seconds * f64::from(rate_hz)).round() as usize;
        let length = count(self.frame_ms / 1000.0).max(1);
        let hop = count(self.hop_ms / 1000.0).max(1);
        let powers = frame_powers(samples, length, hop, progress)?;
        let loudest = powers.iter().copied().fold(0.0, f64::max);
        let threshold = loudest * exact::pow(10.0, -self.threshold_db / 10.0);
        let mut speech: Vec<Range<usize>> = Vec::new();
        for (frame, _) in powers
            .iter()
            .enumerate()
            .filter(|(_, power)| **power > threshold)
        {
            let (start, end) = (frame * hop, ((frame + 1) * hop).min(samples.len()));
            match speech.last_mut() {
                Some(last) if last.end >= start => last.end = end,
                _ => speech.push(start..end),
            }
        }
        let (Some(first), Some(last)) = (speech.first(), speech.last()) else {
            return Ok(std::iter::once(0..samples.len()).collect());
        };
        let margin = count(self.margin_s);
        let start = first.start.saturating_sub(margin);
        let end = last.end.saturating_add(margin).min(samples.len());
        let Some(longest_s) = self.longest_pause_s else {
            return Ok(std::iter::once(start..end).collect());
        };
        let longest = count(longest_s);
        let mut kept = Vec::new();
        let mut from = start;
        for pair in speech.windows(2) {
            let (pause_start, pause_end) = (pair[0].end, pair[1].start);
            if pause_end - pause_start > longest {
                kept.push(from..pause_start + longest / 2);
                from = pause_end - longest.div_ceil(2);
            }
        }
        kept.push(from..end);
        Ok(kept)
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

/// Mean power of frames whose middles are `hop` apart, the first at the first sample; zeros surround the samples.
fn frame_powers(
    samples: &[f32],
    length: usize,
    hop: usize,
    progress: &dyn Progress,
) -> Result<Vec<f64>, Interrupted> {
    let frames = 1 + samples.len() / hop;
    let mut powers = Vec::with_capacity(frames);
    for frame in 0..frames {
        if frame % LOOK_EVERY == 0 {
            progress.check()?;
        }
        let start = (frame * hop).saturating_sub(length / 2);
        let end = (frame * hop + length - length / 2).min(samples.len());
        let within = samples.get(start..end).unwrap_or_default();
        let sum: f64 = within.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
        powers.push(sum / length as f64);
    }
    Ok(powers)
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
        let samples = vec![0.1; 10_000];
        assert!(TRIM.kept(&samples, 1000, &InterruptsAfter::new(3)).is_err());
    }
}
