//! Recordings that are played faster or slower, pitch and all (Ko et al., 2015).

use std::sync::Arc;

use pipe_foundation::keys::{Key, Values};
use serde::Deserialize;

use crate::audio::Waveform;

use super::error::PerturbError;
use super::kind::{Perturbation, PerturbationKind, Place};
use super::making::{Making, within};

/// By resampling, so that pitch changes with it.
pub const KIND: PerturbationKind = PerturbationKind {
    name: "speed",
    doc: "played faster or slower, pitch and all.",
    place: Place::Speaker,
    keys: &[Key::default(
        "speed",
        Values::Range { min: 0.5, max: 2.0 },
        "[0.9, 1.1]",
        "Range [least, most] of the speed factor.",
    )],
    needs: &[],
    read: |keys, _| {
        Ok(Some(Arc::new(serde_json::from_value::<Speed>(
            keys.into(),
        )?)))
    },
};

#[derive(Debug, Deserialize)]
struct Speed {
    /// Range of the factor; 1.1 is faster.
    speed: [f64; 2],
}

impl Perturbation for Speed {
    fn apply(&self, samples: Vec<f32>, making: &Making<'_>) -> Result<Vec<f32>, PerturbError> {
        let speed = within(self.speed, &mut making.first_stream(0));
        // A few factors, so that resamplers are used again.
        let speed = (speed * 100.0).round() / 100.0;
        if speed == 1.0 {
            return Ok(samples);
        }
        // Played faster is recorded at a higher rate.
        let rate_hz = (f64::from(making.rate_hz) * speed).round() as u32;
        making.at_rate(Waveform { samples, rate_hz }, making.rate_hz)
    }

    fn longest(&self) -> f64 {
        1.0 / self.speed[0].max(0.1)
    }
}
