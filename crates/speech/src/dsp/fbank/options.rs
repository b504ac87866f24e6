//! What can be set about the filterbank.

use miette::Diagnostic;
use pipe_foundation::progress::Interrupted;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::window::Window;

/// Options of [`Fbank`](super::Fbank); names and defaults follow Kaldi's `compute-fbank-feats`, but for 40 bins and
/// no dither.
///
/// Left out: Kaldi's energy as an extra column (`use-energy`), `htk-compat`, vocal tract length warping, and
/// transforms whose length is not a power of two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FbankOptions {
    /// Rate of the audio, in Hz.
    pub sample_rate_hz: u32,
    /// Mel filters, the columns of the result.
    pub bins: usize,
    /// Length of a frame in milliseconds; a part of a sample is dropped.
    pub frame_length_ms: f64,
    /// Distance between the starts of neighbouring frames in milliseconds; a part of a sample is dropped.
    pub frame_shift_ms: f64,
    /// Window function.
    pub window: Window,
    /// Coefficient c of `x[i] - c x[i-1]` within a frame, in 0..=1; the first sample is multiplied by 1 - c.
    pub preemphasis: f64,
    /// Subtract each frame's mean first.
    pub remove_dc: bool,
    /// Lower edge of the first filter, in Hz.
    pub low_hz: f64,
    /// Upper edge of the last filter, in Hz; 0 or less counts from the Nyquist frequency.
    pub high_hz: f64,
    /// Deviation of noise added to the samples, on the scale of 16-bit samples; 0 for none. The noise depends on the
    /// samples alone, so the same audio gives the same features.
    pub dither: f64,
    /// Only frames that are within the audio: 1 + (samples - length) / shift of them. Otherwise one frame per shift,
    /// rounded, centred on it, with the audio mirrored at its ends.
    pub snip_edges: bool,
    /// Squared magnitudes; otherwise magnitudes.
    pub use_power: bool,
    /// Natural logarithm of the energies.
    pub use_log: bool,
    /// Energies below this are raised to it before the logarithm; Kaldi's is that of 32-bit floats, 2^-23.
    pub log_floor: f64,
    /// Samples in -1..=1 are multiplied by this. Kaldi reads 16-bit samples as they are, hence 32768; 1 gives what
    /// torchaudio gives for samples in -1..=1.
    pub sample_scale: f64,
}

impl Default for FbankOptions {
    fn default() -> Self {
        FbankOptions {
            sample_rate_hz: 16_000,
            bins: 40,
            frame_length_ms: 25.0,
            frame_shift_ms: 10.0,
            window: Window::Povey,
            preemphasis: 0.97,
            remove_dc: true,
            low_hz: 20.0,
            high_hz: 0.0,
            dither: 0.0,
            snip_edges: true,
            use_power: true,
            use_log: true,
            log_floor: f64::from(f32::EPSILON),
            sample_scale: 32_768.0,
        }
    }
}

impl FbankOptions {
    /// Samples of a frame.
    pub fn frame_length(&self) -> usize {
        self.samples(self.frame_length_ms)
    }

    /// Samples from one frame to the next.
    pub fn frame_shift(&self) -> usize {
        self.samples(self.frame_shift_ms)
    }

    fn samples(&self, ms: f64) -> usize {
        // A product a rounding error below a whole number is that number.
        (f64::from(self.sample_rate_hz) * ms / 1000.0 + 1e-6).floor() as usize
    }

    /// Upper edge of the last filter in Hz, as a frequency above 0.
    pub fn upper_hz(&self) -> f64 {
        let nyquist_hz = f64::from(self.sample_rate_hz) / 2.0;
        if self.high_hz > 0.0 {
            self.high_hz
        } else {
            nyquist_hz + self.high_hz
        }
    }

    /// Checks every option on its own.
    pub(super) fn check(&self) -> Result<(), FbankError> {
        let refuse = |option: &'static str, value: f64, valid: &'static str| {
            Err(FbankError::Option {
                option,
                value,
                valid,
            })
        };
        // Conditions are written so that NaN is refused as well.
        let rate_hz = f64::from(self.sample_rate_hz);
        if !(1_000..=768_000).contains(&self.sample_rate_hz) {
            return refuse("sample_rate_hz", rate_hz, "in 1000..=768000");
        }
        if !(1..=1024).contains(&self.bins) {
            return refuse("bins", self.bins as f64, "in 1..=1024");
        }
        if !(self.frame_length_ms <= 1_000.0 && self.frame_length() >= 4) {
            let valid = "at most 1000 and at least four samples";
            return refuse("frame_length_ms", self.frame_length_ms, valid);
        }
        if !(self.frame_shift_ms <= 1_000.0 && self.frame_shift() >= 1) {
            let valid = "at most 1000 and at least one sample";
            return refuse("frame_shift_ms", self.frame_shift_ms, valid);
        }
        if !(0.0..=1.0).contains(&self.preemphasis) {
            return refuse("preemphasis", self.preemphasis, "in 0..=1");
        }
        let nyquist_hz = rate_hz / 2.0;
        if !(0.0..nyquist_hz).contains(&self.low_hz) {
            let valid = "at least 0 and below half the sample rate";
            return refuse("low_hz", self.low_hz, valid);
        }
        let upper_hz = self.upper_hz();
        if !(upper_hz > self.low_hz && upper_hz <= nyquist_hz) {
            let valid =
                "above low_hz and at most half the sample rate (0 or less counts from there)";
            return refuse("high_hz", self.high_hz, valid);
        }
        if !(0.0..=1e4).contains(&self.dither) {
            return refuse("dither", self.dither, "in 0..=10000");
        }
        if !(self.log_floor >= 1e-30 && self.log_floor <= 1e30) {
            return refuse("log_floor", self.log_floor, "in 1e-30..=1e30");
        }
        if !(self.sample_scale > 0.0 && self.sample_scale <= 1e6) {
            return refuse("sample_scale", self.sample_scale, "above 0 and at most 1e6");
        }
        Ok(())
    }
}

/// Why features cannot be computed.
#[derive(Debug, Error, Diagnostic, PartialEq)]
pub enum FbankError {
    /// An option is out of its range.
    #[error("fbank option {option} = {value} is not {valid}")]
    #[diagnostic(code(fbank::option), help("{option} must be {valid}"))]
    Option {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        valid: &'static str,
    },
    /// A filter falls between two bins of the spectrum.
    #[error(
        "{bins} mel filters are too many: filter {filter} (counted from 0) contains no bin of the spectrum"
    )]
    #[diagnostic(
        code(fbank::too_many_bins),
        help("lower `bins`, raise `low_hz`, or lengthen the frame")
    )]
    TooManyBins {
        /// Filters asked for.
        bins: usize,
        /// The first empty one.
        filter: usize,
    },
    /// The audio holds not one frame.
    #[error("{samples} samples are too short: one frame needs {needed}")]
    #[diagnostic(
        code(fbank::too_short),
        help("leave the utterance out, or set `snip_edges = false`, which mirrors short audio")
    )]
    TooShort {
        /// Samples given.
        samples: usize,
        /// Samples of the shortest audio with a frame.
        needed: usize,
    },
    /// The user asked to stop.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Interrupted(#[from] Interrupted),
}
