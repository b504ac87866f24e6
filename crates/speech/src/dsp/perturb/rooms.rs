//! Rooms by their impulse responses (Ko et al., 2017).

use std::path::PathBuf;
use std::sync::Arc;

use pipe_foundation::keys::{Key, Values};
use pipe_foundation::random::uniform;
use serde_json::{Map, Value};

use super::error::PerturbError;
use super::kind::{Need, Perturbation, PerturbationKind, Place, Recordings};
use super::making::Making;
use super::recordings::room_response;
use super::reverberation::reverberate;

const REVERB_FOLDER: &str = "reverb_folder";
const REVERB_SHARE: &str = "reverb_share";

/// Convolution with one of the responses.
pub const KIND: PerturbationKind = PerturbationKind {
    name: "rooms",
    doc: "as it sounds in another room, by its impulse response.",
    place: Place::Room,
    keys: &[
        Key::optional(
            REVERB_FOLDER,
            Values::Recordings,
            "A folder of impulse responses of rooms, such as RIRS_NOISES: copies sound as in one of them, as loud as before. All names and contents are part of the key.",
        ),
        Key::optional(
            REVERB_SHARE,
            Values::FRACTION,
            "Share of the copies that reverberate, from 0 to 1; all where there is a `reverb_folder`.",
        ),
    ],
    needs: &[Need {
        key: REVERB_SHARE,
        other: REVERB_FOLDER,
        example: "\"PATH\"",
    }],
    read,
};

#[derive(Debug)]
struct Rooms {
    /// Impulse responses, one of which is drawn for each copy that reverberates.
    responses: Vec<PathBuf>,
    /// Share of the copies that reverberate.
    share: f64,
}

fn read(
    keys: Map<String, Value>,
    recordings: &Recordings,
) -> Result<Option<Arc<dyn Perturbation>>, serde_json::Error> {
    let Some(responses) = recordings.get(REVERB_FOLDER) else {
        return Ok(None);
    };
    Ok(Some(Arc::new(Rooms {
        responses: responses.clone(),
        share: keys
            .get(REVERB_SHARE)
            .and_then(Value::as_f64)
            .unwrap_or(1.0),
    })))
}

impl Perturbation for Rooms {
    fn apply(&self, samples: Vec<f32>, making: &Making<'_>) -> Result<Vec<f32>, PerturbError> {
        let mut random = making.stream("room");
        if uniform(&mut random) >= self.share {
            return Ok(samples);
        }
        let (path, response) = room_response(&self.responses, &mut random)?;
        let response = making.at_rate(response, making.rate_hz)?;
        let wet = reverberate(&samples, &response, making.progress)?;
        wet.ok_or_else(|| {
            let reason = "it is silent, and no impulse response".into();
            PerturbError::Recording { path, reason }
        })
    }

    /// Sums in double precision.
    fn held(&self) -> f64 {
        3.0
    }
}
