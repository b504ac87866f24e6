//! Noise that is drawn: white, and pink made of it.

use pipe_foundation::exact;
use pipe_foundation::progress::{Interrupted, Progress};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use crate::audio::RATES_HZ;
use crate::dsp::noise;

use super::level::BLOCK;

/// Spectrum of added noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseColour {
    /// The same power at every frequency.
    #[default]
    White,
    /// Power falling by 3 dB per octave from 20 Hz up.
    Pink,
}

impl NoiseColour {
    /// The name of each.
    pub const NAMES: &'static [&'static str] = &["white", "pink"];
}

/// `samples` of noise.
pub fn drawn_noise(
    samples: usize,
    rate_hz: u32,
    colour: NoiseColour,
    random: &mut ChaCha8Rng,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Interrupted> {
    let mut drawn: Vec<f32> = Vec::with_capacity(samples);
    while drawn.len() < samples {
        progress.check()?;
        let block = BLOCK.min(samples - drawn.len());
        drawn.extend((0..block).map(|_| noise::gaussian(random)));
    }
    if colour == NoiseColour::Pink && rate_hz >= *RATES_HZ.start() {
        make_pink(&mut drawn, rate_hz, progress)?;
    }
    Ok(drawn)
}

/// Filters white noise by one pole and one zero in every two octaves from 20 Hz to the Nyquist frequency, the zero an
/// octave above its pole: between them the spectrum falls by 6 dB, then not at all, on average 3 dB per octave.
fn make_pink(
    samples: &mut [f32],
    rate_hz: u32,
    progress: &dyn Progress,
) -> Result<(), Interrupted> {
    let rate_hz = f64::from(rate_hz);
    let mut pole_hz = 20.0;
    while pole_hz < rate_hz / 2.0 {
        // First-order bilinear transform of (s + zero) / (s + pole), with the frequencies warped to stay in place.
        let warp = |hz: f64| exact::tan(std::f64::consts::PI * (hz / rate_hz).min(0.49));
        let (pole, zero) = (warp(pole_hz), warp(2.0 * pole_hz));
        let feedback = (1.0 - pole) / (1.0 + pole);
        let (now, before) = ((1.0 + zero) / (1.0 + pole), (zero - 1.0) / (1.0 + pole));
        let (mut last_in, mut last_out) = (0.0_f64, 0.0_f64);
        for block in samples.chunks_mut(BLOCK) {
            progress.check()?;
            for sample in block {
                let input = f64::from(*sample);
                last_out = now * input + before * last_in + feedback * last_out;
                last_in = input;
                *sample = last_out as f32;
            }
        }
        pole_hz *= 4.0;
    }
    Ok(())
}
