//! What stays of a recording when its gain, format, channels or rate change: its low band, coarsely sampled.

use std::cmp::Reverse;

use crate::audio::Waveform;
use crate::dsp::{ResampleError, ToRate};

/// Rate of fingerprints in Hz: they hold what is below 450 Hz, which every copy of a recording of speech keeps.
const RATE_HZ: u32 = 1_000;
/// So many seconds from the start of a recording are compared.
pub const COMPARED_S: f64 = 8.0;
/// Samples of the part that is compared first; shorter recordings have no fingerprint.
const WINDOW: usize = 128;
/// Recordings whose low band is quieter than this hold nothing to compare; full scale is 1.
const QUIETEST: f64 = 1e-5;
/// Two recordings may be apart by this many samples of 1 ms: filters of other programs have a delay.
const LAGS: isize = 8;
/// As [`LAGS`], for the part that is compared first.
const FIRST_LAGS: isize = 2;
/// The part that is compared first must correlate by this much.
const FIRST_CORRELATION: f64 = 0.6;
/// Copies correlate by at least this much. Of the 1,164 real recordings that this was tried on, no two different ones
/// come near it; see docs/audit.md.
const CORRELATION: f64 = 0.9;

/// The first seconds of the low band of a recording, of unit loudness.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    /// 32 times the differences between samples at 1 kHz in units of their root mean square.
    samples: Vec<i8>,
    /// Where the loudest part begins.
    loudest: usize,
}

/// Makes fingerprints; the filter of each rate is designed once.
pub struct Fingerprinter(ToRate);

impl Default for Fingerprinter {
    fn default() -> Self {
        Self(ToRate::new(RATE_HZ))
    }
}

impl Fingerprinter {
    /// The fingerprint of the first `COMPARED_S` seconds of a recording; none where it is too short or too quiet.
    ///
    /// # Errors
    /// A rate that cannot be converted.
    pub fn of(&self, start: &Waveform) -> Result<Option<Fingerprint>, ResampleError> {
        let low = self.0.apply(start)?.samples;
        // Differences take away a constant offset, and weaken hum against speech.
        let steps: Vec<f64> = low
            .windows(2)
            .map(|pair| f64::from(pair[1]) - f64::from(pair[0]))
            .collect();
        if steps.len() < WINDOW {
            return Ok(None);
        }
        let energy: f64 = steps.iter().map(|step| step * step).sum();
        let rms = (energy / steps.len() as f64).sqrt();
        if rms < QUIETEST {
            return Ok(None);
        }
        let samples: Vec<i8> = steps
            .iter()
            .map(|step| (step / rms * 32.0).round().clamp(-127.0, 127.0) as i8)
            .collect();
        let energy_from = |start: usize| {
            let window = &samples[start..start + WINDOW];
            window.iter().map(|&s| i32::from(s).pow(2)).sum::<i32>()
        };
        let starts = (0..=samples.len() - WINDOW).step_by(WINDOW / 4);
        // Of equally loud parts the first counts.
        let loudest = starts.min_by_key(|&start| Reverse(energy_from(start)));
        Ok(Some(Fingerprint {
            loudest: loudest.unwrap_or(0),
            samples,
        }))
    }
}

impl Fingerprint {
    /// It as bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let loudest = u32::try_from(self.loudest).unwrap_or_default();
        let mut bytes = loudest.to_le_bytes().to_vec();
        bytes.extend(self.samples.iter().map(|sample| sample.to_le_bytes()[0]));
        bytes
    }

    /// Reads what [`Fingerprint::to_bytes`] wrote; none of what is no fingerprint.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (loudest, samples) = bytes.split_first_chunk()?;
        let loudest = usize::try_from(u32::from_le_bytes(*loudest)).ok()?;
        let samples: Vec<i8> = samples
            .iter()
            .map(|&byte| i8::from_le_bytes([byte]))
            .collect();
        (loudest.checked_add(WINDOW)? <= samples.len()).then_some(Self { samples, loudest })
    }

    /// Whether both are of the same recording.
    pub fn is_copy_of(&self, other: &Self) -> bool {
        let start = self.loudest;
        let window = &self.samples[start..start + WINDOW];
        let near = best(FIRST_LAGS, |lag| {
            let from = start.checked_add_signed(lag)?;
            Some(correlation(window, other.samples.get(from..from + WINDOW)?))
        });
        near >= FIRST_CORRELATION && self.correlation_with(other) >= CORRELATION
    }

    /// The correlation of both, 0 to 1, at the best lag; a copy with the opposite polarity is a copy.
    pub(super) fn correlation_with(&self, other: &Self) -> f64 {
        best(LAGS, |lag| {
            let ours = self.samples.get(lag.min(0).unsigned_abs()..)?;
            let theirs = other.samples.get(lag.max(0).unsigned_abs()..)?;
            let both = ours.len().min(theirs.len());
            Some(correlation(&ours[..both], &theirs[..both]))
        })
    }
}

/// The greatest of what lags give, 0 where none gives anything.
fn best(lags: isize, at: impl Fn(isize) -> Option<f64>) -> f64 {
    (-lags..=lags).filter_map(at).fold(0.0, f64::max)
}

fn correlation(a: &[i8], b: &[i8]) -> f64 {
    let (mut both, mut of_a, mut of_b) = (0_i32, 0_i32, 0_i32);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (i32::from(a), i32::from(b));
        both += a * b;
        of_a += a * a;
        of_b += b * b;
    }
    match of_a.min(of_b) {
        0 => 0.0,
        _ => f64::from(both).abs() / (f64::from(of_a) * f64::from(of_b)).sqrt(),
    }
}
