//! Other levels of the whole recording.

use std::sync::Arc;

use pipe_foundation::keys::{Key, Values};
use serde::Deserialize;

use super::error::PerturbError;
use super::kind::{Perturbation, PerturbationKind, Place};
use super::level::{decibels, scale};
use super::making::{Making, within};

/// One factor for all samples; none is clipped.
pub const KIND: PerturbationKind = PerturbationKind {
    name: "gain",
    doc: "louder or softer.",
    place: Place::Level,
    keys: &[Key::default(
        "gain_db",
        Values::Range {
            min: -60.0,
            max: 60.0,
        },
        "[0.0, 0.0]",
        "Range [least, most] of the gain in dB.",
    )],
    needs: &[],
    read: |keys, _| Ok(Some(Arc::new(serde_json::from_value::<Gain>(keys.into())?))),
};

#[derive(Debug, Deserialize)]
struct Gain {
    /// Range of the gain in dB.
    gain_db: [f64; 2],
}

impl Perturbation for Gain {
    fn apply(&self, mut samples: Vec<f32>, making: &Making<'_>) -> Result<Vec<f32>, PerturbError> {
        let gain_db = within(self.gain_db, &mut making.first_stream(1));
        if gain_db != 0.0 {
            scale(&mut samples, decibels(gain_db), making.progress)?;
        }
        Ok(samples)
    }
}
