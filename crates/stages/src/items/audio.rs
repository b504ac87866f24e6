//! A waveform as the data of an item.

use std::borrow::Cow;
use std::sync::Arc;

use pipe_engine::artifact::{ArtifactKind, DataError, ItemData};
use pipe_speech::audio::Waveform;
use safetensors::tensor::SafeTensors;

use super::features::tensor;
use super::tensor_header::tensor_header;

/// Utterances with waveforms.
pub const AUDIO: ArtifactKind = ArtifactKind::of_items("audio", decode);

/// A waveform; stored as tensor `samples` `[n]` with `rate_hz` in the metadata. Steps that leave it as it is share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio(pub Arc<Waveform>);

impl From<Waveform> for Audio {
    fn from(wave: Waveform) -> Self {
        Self(Arc::new(wave))
    }
}

impl ItemData for Audio {
    fn kind(&self) -> ArtifactKind {
        AUDIO
    }

    fn encode(&self) -> Result<Vec<u8>, DataError> {
        Ok(self.parts()?.concat())
    }

    fn parts(&self) -> Result<Vec<Cow<'_, [u8]>>, DataError> {
        let Waveform { samples, rate_hz } = &*self.0;
        let bytes: &[u8] = bytemuck::cast_slice(samples);
        Ok(vec![header(samples.len(), *rate_hz)?.into(), bytes.into()])
    }
}

/// What comes before the samples in the stored form.
pub(super) fn header(samples: usize, rate_hz: u32) -> Result<Vec<u8>, DataError> {
    let rate_hz = ("rate_hz", rate_hz.to_string());
    tensor_header("samples", &[samples], Some(rate_hz))
}

/// Reads [`Audio`] from its stored form.
pub(super) fn decode(bytes: &[u8]) -> Result<Box<dyn ItemData>, DataError> {
    let failed = |reason: String| DataError::new("audio", reason);
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| failed(error.to_string()))?;
    let rate_hz = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get("rate_hz"))
        .and_then(|rate| rate.parse().ok())
        .filter(|&rate: &u32| rate > 0)
        .ok_or_else(|| failed("no rate_hz".into()))?;
    let samples = tensor(bytes, "samples").map_err(failed)?;
    let samples = samples
        .data()
        .chunks_exact(4)
        .map(|chunk| f32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]))
        .collect();
    Ok(Box::new(Audio::from(Waveform { samples, rate_hz })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::FEATURES;

    #[test]
    fn a_waveform_comes_back_as_it_was_and_is_not_taken_for_features() {
        let item = Audio::from(Waveform {
            samples: vec![0.0, -0.5, 1.0],
            rate_hz: 24_414,
        });
        let stored = item.encode().unwrap();
        assert_eq!(AUDIO.decode(&stored).unwrap().downcast_ref(), Some(&item));
        assert_eq!(stored, item.encode().unwrap());
        assert!(AUDIO.decode(&stored[..stored.len() / 2]).is_err());
        assert!(FEATURES.decode(&stored).is_err());
    }
}
