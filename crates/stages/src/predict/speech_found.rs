//! What leaves only speech of a recording, by energy or by voice activity detection, as a model was trained with.

use pipe_foundation::progress::Silent;
use pipe_speech::dsp::{Trim, Vad};
use serde::Deserialize;
use serde_json::Value as Json;

/// How speech is found.
pub enum SpeechFound {
    /// As `trim` does.
    ByEnergy(Trim),
    /// As `vad` does.
    ByLikelihood(Vad),
}

impl SpeechFound {
    /// With the parameters of a stage of this kind, `trim` or `vad`.
    ///
    /// # Errors
    /// Parameters that do not fit.
    pub fn read(kind: &str, parameters: &Json) -> Result<Self, serde_json::Error> {
        match kind {
            "vad" => Vad::deserialize(parameters).map(Self::ByLikelihood),
            _ => Trim::deserialize(parameters).map(Self::ByEnergy),
        }
    }

    /// What stays of samples, unless that is not known.
    pub fn apply(&self, samples: &[f32], rate_hz: u32) -> Option<Vec<f32>> {
        let kept = match self {
            Self::ByEnergy(trim) => trim.apply(samples, rate_hz, &Silent),
            Self::ByLikelihood(vad) => vad.apply(samples, rate_hz, &Silent),
        };
        kept.ok()
    }
}
