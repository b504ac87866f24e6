//! A waveform as the data of an item.

use std::sync::Arc;

use pipe_engine::artifact::{ArtifactKind, DataError, FilePart, ItemData, Take, TransferError};
use pipe_speech::audio::{AudioError, Waveform};
use safetensors::tensor::SafeTensors;

use super::features::tensor;
use super::long_audio::LongAudio;
use super::long_tensor::LongTensor;
use super::spool::{HELD_VALUES, Values};
use super::tensor_header::tensor_header;

/// Utterances with waveforms.
pub const AUDIO: ArtifactKind = ArtifactKind::of_items("audio", decode).opened_by(open);

/// The name of the rate in the stored form.
const RATE_HZ: &str = "rate_hz";

/// A waveform; stored as tensor `samples` `[n]` with `rate_hz` in the metadata. Steps that leave it as it is share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio(pub Arc<Waveform>);

impl From<Waveform> for Audio {
    fn from(wave: Waveform) -> Self {
        Self(Arc::new(wave))
    }
}

impl Audio {
    /// The samples `values`, as the data of an item.
    pub fn of_values(values: Values, rate_hz: u32) -> Box<dyn ItemData> {
        match values {
            Values::Held(samples) => Box::new(Self::from(Waveform { samples, rate_hz })),
            Values::Long(part) => Box::new(LongAudio::of_values(part, rate_hz)),
        }
    }
}

impl ItemData for Audio {
    fn kind(&self) -> ArtifactKind {
        AUDIO
    }

    fn write(&self, take: &mut Take<'_>) -> Result<(), TransferError> {
        let Waveform { samples, rate_hz } = &*self.0;
        take(&header(samples.len(), *rate_hz)?)?;
        take(bytemuck::cast_slice(samples))
    }
}

/// Stored as [`Audio`].
impl ItemData for LongAudio {
    fn kind(&self) -> ArtifactKind {
        AUDIO
    }

    fn write(&self, take: &mut Take<'_>) -> Result<(), TransferError> {
        take(&header(self.samples() as usize, self.rate_hz())?)?;
        let (mut blocks, mut block) = (self.blocks().map_err(unreadable)?, Vec::new());
        while blocks.next(&mut block).map_err(unreadable)? {
            take(bytemuck::cast_slice(&block))?;
        }
        Ok(())
    }
}

fn unreadable(error: AudioError) -> TransferError {
    TransferError::Read(match error {
        AudioError::Io { source, .. } => source,
        other => std::io::Error::other(other),
    })
}

/// Reads the stored form of a long waveform; one that is to be held is.
fn open(part: FilePart) -> Result<Box<dyn ItemData>, TransferError> {
    if part.bytes() / 4 > HELD_VALUES
        && let Some(tensor) = LongTensor::of(&part, "samples", Some(RATE_HZ))?
        && let Some(Ok(rate_hz @ 1..)) = tensor.entry.map(|rate| rate.parse())
    {
        return Ok(Box::new(LongAudio::of_values(tensor.values, rate_hz)));
    }
    Ok(decode(&part.to_vec()?)?)
}

/// What comes before the samples in the stored form.
fn header(samples: usize, rate_hz: u32) -> Result<Vec<u8>, DataError> {
    let rate_hz = (RATE_HZ, rate_hz.to_string());
    tensor_header("samples", &[samples], Some(rate_hz))
}

/// Reads [`Audio`] from its stored form.
fn decode(bytes: &[u8]) -> Result<Box<dyn ItemData>, DataError> {
    let failed = |reason: String| DataError::new("audio", reason);
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| failed(error.to_string()))?;
    let rate_hz = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(RATE_HZ))
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
    use pipe_foundation::Digest;
    use pipe_foundation::progress::Silent;
    use pipe_foundation::system::{Open, RealSystem, System};
    use pipe_speech::audio::AudioReader;

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

    #[test]
    fn a_long_recording_has_the_samples_and_the_stored_form_of_one_that_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 8,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for at in 0..=HELD_VALUES {
            let value = at.wrapping_mul(at / 7) % 251;
            writer.write_sample(value as i8 / 2).unwrap();
        }
        writer.finalize().unwrap();
        let place = (path.clone(), None, None);
        let mut reader = AudioReader::open(&path, None, None).unwrap();
        let long = LongAudio::of(&mut reader, place, &Silent).unwrap().unwrap();
        let held = AudioReader::open(&path, None, None).unwrap().rest(&Silent);
        let held = Audio::from(held.unwrap());
        let stored = held.encode().unwrap();
        assert_eq!(long.digest(&Silent).unwrap(), Digest::of(&stored));

        let stored_at = folder.path().join("stored");
        std::fs::write(&stored_at, &stored).unwrap();
        let file = RealSystem.open(&stored_at, Open::Read).unwrap();
        let part = FilePart::new(file.into(), 0, stored.len() as u64);
        let back = AUDIO.open(part.clone()).unwrap();
        let back: &LongAudio = back.downcast_ref().unwrap();
        for long in [&long, back] {
            assert!(long.encode().unwrap() == stored);
            assert!(long.waveform(&Silent).unwrap() == *held.0);
        }
        // Another head is read as well.
        let other = Audio::from(Waveform {
            samples: vec![0.5; 1000],
            rate_hz: 8000,
        });
        let stored = other.encode().unwrap();
        let at = folder.path().join("short");
        std::fs::write(&at, &stored).unwrap();
        let file = RealSystem.open(&at, Open::Read).unwrap();
        let short = FilePart::new(file.into(), 0, stored.len() as u64);
        assert_eq!(AUDIO.open(short).unwrap().downcast_ref(), Some(&other));
        assert!(AUDIO.open(part.from(3)).is_err());

        let short = AudioReader::open(&path, Some((0.0, 60.0)), None);
        let place = (path.clone(), Some((0.0, 60.0)), None);
        let short = LongAudio::of(&mut short.unwrap(), place, &Silent).unwrap();
        assert!(short.is_none());

        // What has changed since is not taken for what was found to be sound.
        std::fs::File::options()
            .append(true)
            .open(&path)
            .unwrap()
            .set_len(44)
            .unwrap();
        assert!(long.digest(&Silent).is_err());
    }
}
