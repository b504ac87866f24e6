//! One channel of audio samples.

/// Mono audio: samples in -1..=1 at a fixed rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Waveform {
    /// Amplitudes, full scale at 1.0.
    pub samples: Vec<f32>,
    /// Samples per second.
    pub rate_hz: u32,
}

impl Waveform {
    /// Length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate_hz)
    }
}
