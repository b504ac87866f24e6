//! One synthetic utterance: small plain data that fully determines its samples.

use serde::{Deserialize, Serialize};

use crate::audio::Waveform;

use super::channel::Channel;
use super::expression::Expression;
use super::language::Language;
use super::phrase::Phrase;
use super::speaker::Speaker;
use super::voice::speak;

/// Version of the sound: raised whenever the same [`SyntheticUtterance`] renders other samples.
///
/// | version | change |
/// |---|---|
/// | 1 | first |
pub const VERSION: u32 = 1;

/// Everything that goes into the samples of one utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyntheticUtterance {
    /// Samples per second.
    pub rate_hz: u32,
    /// Sounds and rhythm.
    pub language: Language,
    /// The voice.
    pub speaker: Speaker,
    /// How this utterance differs from the speaker's plain speech.
    pub expression: Expression,
    /// Room, noise, microphone and level.
    pub channel: Channel,
    /// Draws the sounds, their lengths and all noise.
    pub seed: u64,
}

impl SyntheticUtterance {
    fn phrase(&self) -> Phrase {
        Phrase::lay_out(self.language, &self.speaker, &self.expression, self.seed)
    }

    fn samples_of(&self, phrase: &Phrase) -> usize {
        (phrase.duration_s() * f64::from(self.rate_hz)).ceil() as usize
    }

    /// Number of samples, known without rendering.
    pub fn samples(&self) -> usize {
        self.samples_of(&self.phrase())
    }

    /// Length in seconds, known without rendering.
    pub fn duration_s(&self) -> f64 {
        self.samples() as f64 / f64::from(self.rate_hz)
    }

    /// The samples: the same bits on every machine.
    pub fn render(&self) -> Waveform {
        let phrase = self.phrase();
        let dry = speak(
            &phrase,
            &self.speaker,
            &self.expression,
            self.rate_hz,
            self.samples_of(&phrase),
            self.seed,
        );
        Waveform {
            samples: self.channel.record(&dry, self.rate_hz, self.seed),
            rate_hz: self.rate_hz,
        }
    }
}
