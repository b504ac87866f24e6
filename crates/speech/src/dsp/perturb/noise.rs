//! Noise that is added at a ratio of mean powers: recorded (Snyder et al., 2015), or drawn.

use std::path::PathBuf;
use std::sync::Arc;

use pipe_foundation::keys::{Key, Values};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::drawn_noise::{NoiseColour, drawn_noise};
use super::error::PerturbError;
use super::kind::{Need, Perturbation, PerturbationKind, Place, Recordings};
use super::level::add_at_snr;
use super::making::{Making, within};
use super::recordings::recorded_noise;

const NOISE_FOLDER: &str = "noise_folder";

/// Noise over the whole utterance.
pub const KIND: PerturbationKind = PerturbationKind {
    name: "noise",
    doc: "drawn, or a passage of a recording.",
    place: Place::Surroundings,
    keys: &[
        Key::optional(
            "snr_db",
            Values::Range {
                min: -20.0,
                max: 100.0,
            },
            "Range [least, most] of the signal-to-noise ratio in dB; no noise without it.",
        ),
        Key::default(
            "noise",
            Values::Choice(NoiseColour::NAMES),
            "\"white\"",
            "Spectrum of noise that is drawn.",
        ),
        Key::optional(
            NOISE_FOLDER,
            Values::Recordings,
            "A folder of recordings of noise, such as MUSAN's `noise`: a passage of one of them is added at `snr_db`, instead of noise that is drawn. Folders in it are searched too; all names and contents are part of the key.",
        ),
    ],
    needs: &[Need {
        key: NOISE_FOLDER,
        other: "snr_db",
        example: "[5.0, 20.0]",
    }],
    read,
};

#[derive(Debug, Deserialize)]
struct Keys {
    snr_db: Option<[f64; 2]>,
    noise: NoiseColour,
}

#[derive(Debug)]
struct Noise {
    /// Range of the signal-to-noise ratio in dB, by mean power over the utterance.
    snr_db: [f64; 2],
    /// Spectrum of noise that is drawn.
    colour: NoiseColour,
    /// Recordings, one of which is drawn for each copy; without any, the noise itself is drawn.
    recordings: Vec<PathBuf>,
}

fn read(
    keys: Map<String, Value>,
    recordings: &Recordings,
) -> Result<Option<Arc<dyn Perturbation>>, serde_json::Error> {
    let Keys { snr_db, noise } = serde_json::from_value(keys.into())?;
    let Some(snr_db) = snr_db else {
        return Ok(None);
    };
    Ok(Some(Arc::new(Noise {
        snr_db,
        colour: noise,
        recordings: recordings.get(NOISE_FOLDER).cloned().unwrap_or_default(),
    })))
}

impl Perturbation for Noise {
    /// Noise is not added to digital silence, which has no power to compare with.
    fn apply(&self, mut samples: Vec<f32>, making: &Making<'_>) -> Result<Vec<f32>, PerturbError> {
        let (rate_hz, progress) = (making.rate_hz, making.progress);
        let mut random = making.first_stream(2);
        let snr_db = within(self.snr_db, &mut random);
        let noise = if self.recordings.is_empty() {
            drawn_noise(samples.len(), rate_hz, self.colour, &mut random, progress)?
        } else {
            let mut random = making.stream("noise");
            let duration_s = samples.len() as f64 / f64::from(rate_hz);
            let noise = recorded_noise(&self.recordings, duration_s, &mut random, progress)?;
            making.at_rate(noise, rate_hz)?
        };
        add_at_snr(&mut samples, &noise, snr_db, progress)?;
        Ok(samples)
    }

    /// The noise.
    fn held(&self) -> f64 {
        1.0
    }
}
