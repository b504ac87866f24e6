//! Offline augmentation of waveforms: perturbations, a file each, and [`PERTURBATIONS`], their list.
//!
//! A file has the name of the perturbation, its documentation, its keys in the manifest with defaults ([`PerturbationKind`]),
//! and what it does to a copy ([`kind::Perturbation`]). Everything else asks [`PERTURBATIONS`]: manifests, `pipe schema`, the
//! stage.

mod clipping;
mod drawn_noise;
mod error;
mod gain;
mod kind;
mod level;
mod making;
mod noise;
mod recordings;
mod registry;
mod reverberation;
mod rooms;
mod speed;
mod telephone;

use std::sync::Arc;

use pipe_foundation::keys::values_of;
use pipe_foundation::progress::Progress;
use serde_json::{Map, Value};

use crate::audio::Waveform;

pub use error::PerturbError;
pub use kind::{Need, PerturbationKind, Recordings};
use kind::{Perturbation, Place};
use making::{Making, Resamplers};
pub use registry::{PERTURBATION_KEYS, PERTURBATIONS};

/// Makes perturbed copies of waveforms.
pub struct Perturber {
    /// In the order in which they are applied.
    perturbations: Vec<(Place, Arc<dyn Perturbation>)>,
    resamplers: Resamplers,
}

impl Perturber {
    /// The perturbations that the keys of [`PERTURBATION_KEYS`] among `given` ask for, with their defaults and the recordings of
    /// their folders.
    ///
    /// # Errors
    /// A range that is not one, or a number out of bounds.
    pub fn new(
        given: &Map<String, Value>,
        recordings: &Recordings,
    ) -> Result<Perturber, PerturbError> {
        let mut perturbations = Vec::new();
        for kind in PERTURBATIONS {
            let unreadable = |error: serde_json::Error| PerturbError::Keys {
                name: kind.name,
                reason: error.to_string(),
            };
            let own = values_of(kind.keys, given).map_err(unreadable)?;
            for key in kind.keys {
                if let Some(value) = own.get(key.name)
                    && let Some(reason) = key.values.misfit(value)
                {
                    return Err(PerturbError::Option {
                        option: key.name,
                        reason,
                    });
                }
            }
            let made = (kind.read)(own, recordings).map_err(unreadable)?;
            perturbations.extend(made.map(|made| (kind.place, made)));
        }
        perturbations.sort_by_key(|(place, _)| *place);
        Ok(Perturber {
            perturbations,
            resamplers: Resamplers::default(),
        })
    }

    /// How many times as long as its utterance a copy may be.
    pub fn longest(&self) -> f64 {
        let all = self.perturbations.iter();
        all.map(|(_, own)| own.longest()).product()
    }

    /// How many times its samples the making of a copy holds beside them.
    pub fn held(&self) -> f64 {
        let all = self.perturbations.iter();
        all.map(|(_, own)| own.held()).sum()
    }

    /// A perturbed copy: first the speaker, then the room, the surroundings, the recorder, the line and the level.
    ///
    /// What is drawn depends on (seed, utterance, copy) alone, and is the same on every machine.
    ///
    /// # Errors
    /// A rate that cannot be resampled, a recording that cannot be used, or [`PerturbError::Interrupted`] soon after
    /// `progress` says so.
    pub fn apply(
        &self,
        waveform: &Waveform,
        seed: u64,
        utterance_id: &str,
        copy_name: &str,
        progress: &dyn Progress,
    ) -> Result<Waveform, PerturbError> {
        let seed = seed.to_le_bytes();
        let making = Making {
            rate_hz: waveform.rate_hz,
            progress,
            parts: [&seed, utterance_id.as_bytes(), copy_name.as_bytes()],
            resamplers: &self.resamplers,
        };
        let mut samples = waveform.samples.clone();
        for (_, perturbation) in &self.perturbations {
            samples = perturbation.apply(samples, &making)?;
        }
        Ok(Waveform {
            samples,
            rate_hz: waveform.rate_hz,
        })
    }
}

#[cfg(test)]
mod channel_tests;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
