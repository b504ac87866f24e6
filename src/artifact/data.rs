//! The data of one item, and its form in a pack: one safetensors document, so that Python reads it too.

use std::collections::HashMap;

use miette::Diagnostic;
use pipe_foundation::{Features, FeaturesView};
use pipe_speech::audio::Waveform;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use thiserror::Error;

use super::ArtifactKind;

/// The data of one utterance.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemData {
    /// A waveform: tensor `samples` `[n]` and its rate in the metadata.
    Audio(Waveform),
    /// A feature matrix: tensor `features` `[frames, bins]`.
    Features(Features),
    /// Bytes a command made: tensor `bytes` `[n]`.
    Bytes(Vec<u8>),
}

/// Stored data that is not what it should be.
#[derive(Debug, Error, Diagnostic)]
#[error("stored data is not {expected}: {reason}")]
#[diagnostic(code(artifact::data))]
pub struct DataError {
    expected: &'static str,
    reason: String,
}

impl ItemData {
    /// Which kind of artifact such items make up.
    pub fn kind(&self) -> ArtifactKind {
        match self {
            Self::Audio(_) => ArtifactKind::Audio,
            Self::Features(_) => ArtifactKind::Features,
            Self::Bytes(_) => ArtifactKind::Files,
        }
    }

    /// The safetensors document; equal data give equal bytes.
    ///
    /// # Errors
    /// When safetensors refuses the shape, which a well-formed item never meets.
    pub fn encode(&self) -> Result<Vec<u8>, DataError> {
        let (name, dtype, shape, bytes, rate_hz): (_, _, _, &[u8], _) = match self {
            Self::Audio(wave) => {
                let bytes = bytemuck::cast_slice(&wave.samples);
                (
                    "samples",
                    Dtype::F32,
                    vec![wave.samples.len()],
                    bytes,
                    Some(wave.rate_hz),
                )
            }
            Self::Features(matrix) => {
                let bytes = bytemuck::cast_slice(&matrix.values);
                (
                    "features",
                    Dtype::F32,
                    vec![matrix.frames, matrix.bins],
                    bytes,
                    None,
                )
            }
            Self::Bytes(bytes) => ("bytes", Dtype::U8, vec![bytes.len()], bytes, None),
        };
        let failed = |error: safetensors::SafeTensorError| DataError {
            expected: "a tensor",
            reason: error.to_string(),
        };
        let view = TensorView::new(dtype, shape, bytes).map_err(failed)?;
        let metadata =
            rate_hz.map(|rate| HashMap::from([("rate_hz".to_string(), rate.to_string())]));
        serialize([(name, view)], metadata).map_err(failed)
    }

    /// Reads a safetensors document as an item of `kind`.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn decode(kind: ArtifactKind, bytes: &[u8]) -> Result<Self, DataError> {
        match kind {
            ArtifactKind::Audio => {
                let failed = |reason: String| DataError {
                    expected: "audio",
                    reason,
                };
                let (_, header) =
                    SafeTensors::read_metadata(bytes).map_err(|error| failed(error.to_string()))?;
                let rate = header
                    .metadata()
                    .as_ref()
                    .and_then(|metadata| metadata.get("rate_hz"));
                let rate_hz = rate
                    .and_then(|rate| rate.parse().ok())
                    .filter(|&rate: &u32| rate > 0);
                let rate_hz = rate_hz.ok_or_else(|| failed("no rate_hz".into()))?;
                let samples = tensor(bytes, "samples", Dtype::F32).map_err(failed)?;
                Ok(Self::Audio(Waveform {
                    samples: floats(samples.data()),
                    rate_hz,
                }))
            }
            ArtifactKind::Features => {
                let view = features(bytes)?;
                Ok(Self::Features(Features {
                    frames: view.frames,
                    bins: view.bins,
                    values: view.values.to_vec(),
                }))
            }
            _ => {
                let failed = |reason: String| DataError {
                    expected: "bytes",
                    reason,
                };
                Ok(Self::Bytes(
                    tensor(bytes, "bytes", Dtype::U8)
                        .map_err(failed)?
                        .data()
                        .to_vec(),
                ))
            }
        }
    }
}

/// A feature matrix as it lies in `bytes`, which must be aligned to 4 bytes, without a copy.
///
/// # Errors
/// When the bytes are something else.
pub fn features(bytes: &[u8]) -> Result<FeaturesView<'_>, DataError> {
    let failed = |reason: String| DataError {
        expected: "features",
        reason,
    };
    let view = tensor(bytes, "features", Dtype::F32).map_err(failed)?;
    let &[frames, bins] = view.shape() else {
        return Err(failed(format!(
            "the shape is {:?}, expected [frames, bins]",
            view.shape()
        )));
    };
    let values =
        bytemuck::try_cast_slice(view.data()).map_err(|error| failed(error.to_string()))?;
    Ok(FeaturesView {
        frames,
        bins,
        values,
    })
}

fn tensor<'a>(bytes: &'a [u8], name: &str, dtype: Dtype) -> Result<TensorView<'a>, String> {
    let document = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let view = document.tensor(name).map_err(|error| error.to_string())?;
    if view.dtype() != dtype {
        return Err(format!(
            "`{name}` holds {:?}, expected {dtype:?}",
            view.dtype()
        ));
    }
    Ok(view)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|chunk| f32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_data_comes_back_as_it_was() {
        let items = [
            ItemData::Audio(Waveform {
                samples: vec![0.0, -0.5, 1.0],
                rate_hz: 24_414,
            }),
            ItemData::Features(Features {
                frames: 2,
                bins: 3,
                values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            }),
            ItemData::Bytes(b"anything".to_vec()),
            ItemData::Bytes(Vec::new()),
        ];
        for item in items {
            let bytes = item.encode().unwrap();
            assert_eq!(ItemData::decode(item.kind(), &bytes).unwrap(), item);
            assert_eq!(bytes, item.encode().unwrap());
            assert!(ItemData::decode(item.kind(), &bytes[..bytes.len() / 2]).is_err());
        }
    }

    #[test]
    fn one_kind_is_not_taken_for_another() {
        let audio = ItemData::Audio(Waveform {
            samples: vec![0.25],
            rate_hz: 16_000,
        })
        .encode()
        .unwrap();
        assert!(ItemData::decode(ArtifactKind::Features, &audio).is_err());
    }
}
