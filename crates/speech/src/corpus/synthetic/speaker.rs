//! Speakers: pitch, tract length, voice quality, tempo and how strongly they express.

use pipe_foundation::exact::semitones;
use serde::{Deserialize, Serialize};

use crate::corpus::Gender;

use super::random::Stream;

/// One synthetic voice in plain speech.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speaker {
    /// Mean fundamental frequency in Hz.
    pub f0_hz: f64,
    /// Factor on all formants: 1 for a vocal tract of 17.5 cm, above it for shorter ones.
    pub formant_factor: f64,
    /// Factor on tempo.
    pub tempo: f64,
    /// Part of each glottal cycle in which the glottis is open.
    pub open_quotient: f64,
    /// Attenuation of the glottal source at 3 kHz in dB.
    pub tilt_db: f64,
    /// Level of aspiration noise against the voice in dB.
    pub breath_db: f64,
    /// Standard deviation of one glottal period against its mean.
    pub jitter: f64,
    /// Standard deviation of the amplitude of one glottal period.
    pub shimmer: f64,
    /// Factor on the intonation's range.
    pub range: f64,
    /// Distance to the microphone as a level in dB.
    pub level_db: f64,
    /// How strongly the speaker expresses emotion: 1 is typical.
    pub strength: f64,
}

impl Speaker {
    /// Draws a voice. Means by gender follow Titze (1989) and Klatt and Klatt (1990).
    pub(super) fn draw(gender: Gender, seed: u64) -> Self {
        let mut stream = Stream::new(seed, "speaker");
        let (f0_hz, formant_factor, open_quotient, tilt_db, breath_db) = match gender {
            Gender::Female => (205.0, 1.16, 0.62, 9.0, -25.0),
            Gender::Male => (118.0, 1.0, 0.54, 6.5, -30.0),
        };
        Self {
            f0_hz: f0_hz * semitones(1.6 * stream.bell()),
            formant_factor: formant_factor * (1.0 + 0.035 * stream.bell()),
            tempo: 1.0 + 0.08 * stream.bell(),
            open_quotient: open_quotient + 0.035 * stream.bell(),
            tilt_db: tilt_db + 1.6 * stream.bell(),
            breath_db: breath_db + 2.5 * stream.bell(),
            jitter: 0.006 + 0.004 * stream.unit(),
            shimmer: 0.03 + 0.03 * stream.unit(),
            range: stream.between(0.8, 1.2),
            level_db: 1.5 * stream.bell(),
            strength: stream.between(0.8, 1.2),
        }
    }
}
