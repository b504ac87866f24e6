//! Window functions over one frame, as Kaldi defines them.

use std::f64::consts::TAU;

use pipe_foundation::exact;
use serde::{Deserialize, Serialize};

/// The shape that weighs the samples of a frame; all symmetric, over 0..=N-1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// `hann ^ 0.85`, Kaldi's default.
    #[default]
    Povey,
    /// `0.54 - 0.46 cos`.
    Hamming,
    /// `0.5 - 0.5 cos`; Kaldi calls it `hanning`.
    Hann,
    /// `0.42 - 0.5 cos + 0.08 cos 2x`.
    Blackman,
    /// Half a period of a sine.
    Sine,
    /// All ones.
    Rectangular,
}

impl Window {
    /// The window of `len` samples.
    pub(super) fn coefficients(self, len: usize) -> Vec<f64> {
        let step = TAU / (len as f64 - 1.0).max(1.0);
        let at = |i: usize| {
            let x = step * i as f64;
            let hann = 0.5 - 0.5 * exact::cos(x);
            match self {
                Window::Povey => exact::pow(hann, 0.85),
                Window::Hamming => 0.54 - 0.46 * exact::cos(x),
                Window::Hann => hann,
                Window::Blackman => 0.42 - 0.5 * exact::cos(x) + 0.08 * exact::cos(2.0 * x),
                Window::Sine => exact::sin(0.5 * x),
                Window::Rectangular => 1.0,
            }
        };
        (0..len).map(at).collect()
    }
}
