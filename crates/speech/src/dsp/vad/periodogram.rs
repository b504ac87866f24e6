//! The power of a frame at each frequency at which speech is looked for.

use pipe_foundation::exact;
use rustfft::algorithm::Radix4;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection};

/// Below it, hum and offsets are.
const LOWEST_HZ: f64 = 80.0;
/// Above it there is little speech, and in many recordings nothing at all.
const HIGHEST_HZ: f64 = 8000.0;

/// Periodograms of frames under a window of Hann, in units in which those of white noise are its mean power.
pub struct Periodogram {
    window: Vec<f64>,
    /// The inverse of the sum of its squares.
    scale: f64,
    /// The first frequency that counts, and behind the last.
    lines: std::ops::Range<usize>,
    transform: Radix4<f64>,
    work: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Periodogram {
    /// Of frames of so many samples.
    pub fn new(length: usize, rate_hz: u32) -> Self {
        let size = length.next_power_of_two().max(4);
        let transform = Radix4::new(size, FftDirection::Forward);
        let turn = |sample| sample as f64 / length as f64;
        let window: Vec<f64> = (0..length)
            .map(|sample| 0.5 - 0.5 * exact::cos_turns(turn(sample)))
            .collect();
        let squares: f64 = window.iter().map(|value| value * value).sum();
        let line = |hz: f64| hz * size as f64 / f64::from(rate_hz);
        // Without the constant and half the rate, whose values are distributed differently.
        let end = (line(HIGHEST_HZ) as usize + 1).clamp(2, size / 2);
        let start = (line(LOWEST_HZ).ceil() as usize).clamp(1, end - 1);
        Self {
            scale: 1.0 / squares.max(f64::MIN_POSITIVE),
            window,
            lines: start..end,
            work: vec![Complex::default(); size],
            scratch: vec![Complex::default(); transform.get_inplace_scratch_len()],
            transform,
        }
    }

    /// How many frequencies there are.
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// That of a frame of `samples` behind so many zeros, and followed by zeros.
    pub fn of(&mut self, zeros: usize, samples: &[f32]) -> Vec<f64> {
        self.work.fill(Complex::default());
        let window = self.window.iter().skip(zeros);
        let values = self.work.iter_mut().skip(zeros);
        for ((value, sample), weight) in values.zip(samples).zip(window) {
            value.re = f64::from(*sample) * weight;
        }
        let (work, scratch) = (&mut self.work, &mut self.scratch);
        self.transform.process_with_scratch(work, scratch);
        let lines = &self.work[self.lines.clone()];
        lines.iter().map(|v| v.norm_sqr() * self.scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_noise_and_of_tones() {
        let length = 400;
        let mut periodogram = Periodogram::new(length, 16_000);
        let noise = pipe_foundation::test_support::noise(400 * 200, 3);
        let power = noise.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / noise.len() as f64;
        let frames = noise.chunks_exact(length);
        let means = frames.map(|frame| {
            let lines = periodogram.of(0, frame);
            lines.iter().sum::<f64>() / lines.len() as f64
        });
        let mean = means.sum::<f64>() / 200.0;
        assert!((mean / power - 1.0).abs() < 0.03, "{mean} {power}");
        // 1000 Hz is line 32 of 512; the first that counts is 3, at 94 Hz.
        let turns = |sample: usize| 1000.0 * sample as f64 / 16_000.0;
        let tone: Vec<f32> = (0..length)
            .map(|sample| exact::sin_turns(turns(sample)) as f32)
            .collect();
        let lines = periodogram.of(0, &tone);
        let loudest = (0..lines.len()).max_by(|&a, &b| lines[a].total_cmp(&lines[b]));
        assert_eq!((loudest, lines.len()), (Some(32 - 3), 256 - 3));
        // Zeros are where they are said to be.
        let mut late = vec![0.0; 100];
        late.extend_from_slice(&tone[100..]);
        let expected = periodogram.of(0, &late);
        assert_eq!(periodogram.of(100, &tone[100..]), expected);
    }

    #[test]
    fn there_are_frequencies_for_every_length_and_rate() {
        for (length, rate_hz) in [
            (1, 768_000),
            (1, 1000),
            (5, 1000),
            (25, 1000),
            (40, 8000),
            (76_800, 768_000),
        ] {
            let mut periodogram = Periodogram::new(length, rate_hz);
            let lines = periodogram.of(0, &vec![0.5; length]);
            assert!(!lines.is_empty() && lines.iter().all(|v| v.is_finite()));
        }
    }
}
