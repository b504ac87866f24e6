//! Removes what holds no speech from the ends of a recording, and shortens long pauses, in noise too.

mod likelihood;
mod noise_floor;
mod periodogram;
#[cfg(test)]
mod tests;

use std::ops::Range;

use pipe_foundation::progress::{Interrupted, Progress};
use serde::Deserialize;

use super::centred_frames::CentredFrames;
use super::kept::{Kept, passages};
use super::trim::mean_power;

use likelihood::Likelihood;
use noise_floor::{Frame, NoiseFloor, SILENT_POWER};
use periodogram::Periodogram;

/// Samples between two looks at whether to stop.
const BLOCK_SAMPLES: usize = 1 << 14;

/// What is speech, and how much stays of what is none: by the likelihood ratio of Sohn, Kim and Sung (1999), over noise whose
/// power quantiles tell.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Vad {
    /// A frame is speech where its spectrum and those before it are so much likelier with speech than with noise alone, in
    /// dB: ten times the decimal logarithm of the ratio.
    pub threshold_db: f64,
    /// Length of a frame in milliseconds.
    pub frame_ms: f64,
    /// From the middle of a frame to that of the next, in milliseconds.
    pub hop_ms: f64,
    /// The noise of a frame is told by so many seconds around it.
    pub noise_window_s: f64,
    /// What stays before and after speech, in seconds.
    pub margin_s: f64,
    /// Longer pauses are shortened to this, in seconds, from their middle; none are where it is left out.
    pub longest_pause_s: Option<f64>,
}

impl Default for Vad {
    fn default() -> Self {
        Self {
            threshold_db: 0.7,
            frame_ms: 25.0,
            hop_ms: 10.0,
            noise_window_s: 3.0,
            margin_s: 0.1,
            longest_pause_s: None,
        }
    }
}

impl Vad {
    /// What stays of `samples`: ranges in their order that do not touch. Everything stays of a recording without speech.
    ///
    /// # Errors
    /// Soon after `progress` says to stop.
    pub fn kept(
        &self,
        samples: &[f32],
        rate_hz: u32,
        progress: &dyn Progress,
    ) -> Result<Vec<Range<usize>>, Interrupted> {
        let mut frames = self.frames(rate_hz);
        for block in samples.chunks(BLOCK_SAMPLES) {
            progress.check()?;
            frames.push(block);
        }
        Ok(self.kept_by(frames))
    }

    /// What takes samples that come in blocks, for [`Self::kept_by`].
    pub fn frames(&self, rate_hz: u32) -> SpeechFrames {
        let count = |ms: f64| self.samples(ms / 1000.0, rate_hz);
        let frames = CentredFrames::new(count(self.frame_ms), count(self.hop_ms));
        let hop_s = frames.hop() as f64 / f64::from(rate_hz);
        let periodogram = Periodogram::new(frames.length(), rate_hz);
        SpeechFrames {
            rate_hz,
            likelihood: Likelihood::new(periodogram.lines(), hop_s),
            noise_floor: NoiseFloor::new((self.noise_window_s / hop_s).round() as usize),
            frames,
            periodogram,
            ratios_db: Vec::new(),
        }
    }

    /// Samples in so many seconds.
    fn samples(&self, seconds: f64, rate_hz: u32) -> usize {
        (seconds * f64::from(rate_hz)).round() as usize
    }

    /// As [`Self::kept`], of samples that have come in blocks of any sizes.
    pub fn kept_by(&self, of: SpeechFrames) -> Vec<Range<usize>> {
        let (rate_hz, hop, received) = (of.rate_hz, of.frames.hop(), of.frames.received());
        let count = |seconds: f64| self.samples(seconds, rate_hz);
        let ratios_db = of.finish();
        let is_speech = ratios_db.iter().map(|ratio| *ratio > self.threshold_db);
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

    /// What is held at work for a recording of so many seconds, in bytes: a window of spectra, and the ratio of each frame.
    pub fn memory_bytes(&self, seconds: f64) -> u64 {
        // Transforms are up to twice as long as frames, and the highest frequency is 8 kHz.
        let frequencies = 16.0 * self.frame_ms + 1.0;
        let hop_s = self.hop_ms.max(1e-3) / 1000.0;
        let spectra = 1.25 * self.noise_window_s / hop_s * frequencies;
        (8.0 * (spectra + seconds / hop_s)) as u64
    }
}

/// How much likelier each frame of samples that come in blocks is with speech than without. It holds the ratios, the spectra
/// of a window, and of the samples the last block and frame.
pub struct SpeechFrames {
    rate_hz: u32,
    frames: CentredFrames,
    periodogram: Periodogram,
    noise_floor: NoiseFloor,
    likelihood: Likelihood,
    ratios_db: Vec<f64>,
}

impl SpeechFrames {
    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        let length = self.frames.length();
        let (periodogram, noise_floor) = (&mut self.periodogram, &mut self.noise_floor);
        let mut take = likelier(&mut self.likelihood, &mut self.ratios_db);
        self.frames.push(samples, |zeros, samples| {
            noise_floor.push(frame(periodogram, zeros, samples, length), &mut take);
        });
    }

    /// Of each frame in dB; of those that are silent less than any.
    fn finish(mut self) -> Vec<f64> {
        self.end();
        self.ratios_db
    }

    fn end(&mut self) {
        let length = self.frames.length();
        let (periodogram, noise_floor) = (&mut self.periodogram, &mut self.noise_floor);
        let mut take = likelier(&mut self.likelihood, &mut self.ratios_db);
        self.frames.finish(|zeros, samples| {
            noise_floor.push(frame(periodogram, zeros, samples, length), &mut take);
        });
        noise_floor.finish(&mut take);
    }
}

fn frame(periodogram: &mut Periodogram, zeros: usize, samples: &[f32], length: usize) -> Frame {
    Frame {
        powers: periodogram.of(zeros, samples),
        is_silent: mean_power(samples, length) < SILENT_POWER,
    }
}

/// Adds the ratio of each frame to `ratios_db`.
fn likelier(likelihood: &mut Likelihood, ratios_db: &mut Vec<f64>) -> impl FnMut(&Frame, &[f64]) {
    move |frame, noise| {
        ratios_db.push(match frame.is_silent {
            true => {
                likelihood.next_of_silence();
                f64::NEG_INFINITY
            }
            false => likelihood.next(&frame.powers, noise),
        });
    }
}
