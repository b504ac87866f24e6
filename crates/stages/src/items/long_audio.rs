//! A long recording as the data of an item: its samples are decoded block by block wherever they are needed, and never held
//! together.

use std::path::PathBuf;
use std::sync::Arc;

use pipe_engine::artifact::{ArtifactKind, DataError, DigestError, ItemData};
use pipe_engine::stage::ItemError;
use pipe_foundation::Digest;
use pipe_foundation::progress::{Interrupted, Progress, Silent};
use pipe_speech::audio::{AudioError, AudioReader, Waveform};

use super::audio::{AUDIO, Audio, header};

/// Recordings of more samples are long: 17 minutes at 16 kHz, which take 64 MiB.
const HELD_SAMPLES: u64 = 1 << 24;

/// A recording of which only the place is held.
#[derive(Clone, Debug, PartialEq)]
pub struct LongAudio {
    /// The file.
    path: PathBuf,
    /// Start and end in seconds; the whole file without it.
    segment_s: Option<(f64, f64)>,
    /// One channel, counted from 0; the mean of all without it.
    channel: Option<u16>,
    samples: u64,
    rate_hz: u32,
}

/// The samples of an item.
pub enum Samples<'a> {
    /// They are held.
    Held(&'a Arc<Waveform>),
    /// They are to be decoded.
    Long(&'a LongAudio),
}

impl<'a> Samples<'a> {
    /// Those of `data`.
    ///
    /// # Errors
    /// When its data are something else.
    pub fn of(data: &'a dyn ItemData) -> Result<Self, ItemError> {
        let long: Option<&LongAudio> = data.downcast_ref();
        match (long, data.downcast_ref()) {
            (Some(long), _) => Ok(Self::Long(long)),
            (None, Some(Audio(wave))) => Ok(Self::Held(wave)),
            (None, None) => Err(ItemError::permanent("not audio")),
        }
    }

    /// Their rate in Hz.
    pub fn rate_hz(&self) -> u32 {
        match self {
            Self::Held(wave) => wave.rate_hz,
            Self::Long(long) => long.rate_hz,
        }
    }

    /// All of them together.
    ///
    /// # Errors
    /// When the file of a long recording cannot be read any more; also once `progress` says so.
    pub fn together(&self, progress: &dyn Progress) -> Result<Arc<Waveform>, ItemError> {
        match self {
            Self::Held(wave) => Ok(Arc::clone(wave)),
            Self::Long(long) => Ok(Arc::new(long.waveform(progress).map_err(fault)?)),
        }
    }
}

/// What an error of a recording says of its item. Permanent reasons are remembered by content, which other files may share.
pub fn fault(error: AudioError) -> ItemError {
    match &error {
        AudioError::Io { source, .. } => ItemError::of_system(&error, source),
        AudioError::Interrupted { .. } => ItemError::transient(error),
        other => ItemError::permanent(other.without_path()),
    }
}

impl LongAudio {
    /// The recording that `reader` is to read next, if it is long. It is decoded once, so that whatever is wrong with it is
    /// found now.
    ///
    /// # Errors
    /// As [`AudioReader::rest`].
    pub fn of(
        reader: &mut AudioReader,
        (path, segment_s, channel): (PathBuf, Option<(f64, f64)>, Option<u16>),
        progress: &dyn Progress,
    ) -> Result<Option<Self>, AudioError> {
        if reader.samples() <= HELD_SAMPLES {
            return Ok(None);
        }
        let long = Self {
            path,
            segment_s,
            channel,
            samples: reader.samples(),
            rate_hz: reader.info().rate_hz,
        };
        long.read(reader, progress, &mut |_| {})?;
        Ok(Some(long))
    }

    /// How many samples it has.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Gives all samples in their order to `take`, in blocks.
    ///
    /// # Errors
    /// When the file cannot be read any more; also once `progress` says so.
    pub fn blocks(
        &self,
        progress: &dyn Progress,
        take: &mut dyn FnMut(&[f32]),
    ) -> Result<(), AudioError> {
        let mut reader = AudioReader::open(&self.path, self.segment_s, self.channel)?;
        self.read(&mut reader, progress, take)
    }

    fn read(
        &self,
        reader: &mut AudioReader,
        progress: &dyn Progress,
        take: &mut dyn FnMut(&[f32]),
    ) -> Result<(), AudioError> {
        let mut block = Vec::new();
        while reader.block(&mut block)? {
            if progress.interrupted() {
                let path = self.path.clone();
                return Err(AudioError::Interrupted { path });
            }
            take(&block);
            block.clear();
        }
        Ok(())
    }

    fn waveform(&self, progress: &dyn Progress) -> Result<Waveform, AudioError> {
        AudioReader::open(&self.path, self.segment_s, self.channel)?.rest(progress)
    }
}

impl ItemData for LongAudio {
    fn kind(&self) -> ArtifactKind {
        AUDIO
    }

    fn encode(&self) -> Result<Vec<u8>, DataError> {
        let wave = self.waveform(&Silent);
        Audio::from(wave.map_err(|error| DataError::new("audio", error))?).encode()
    }

    fn digest(&self, progress: &dyn Progress) -> Result<Digest, DigestError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&header(self.samples as usize, self.rate_hz)?);
        let hashed = self.blocks(progress, &mut |block| {
            hasher.update(bytemuck::cast_slice(block));
        });
        hashed.map_err(|error| match error {
            AudioError::Interrupted { .. } => DigestError::Interrupted(Interrupted),
            AudioError::Io { source, .. } => DigestError::Read(source),
            other => DigestError::Read(std::io::Error::other(other)),
        })?;
        Ok(Digest(*hasher.finalize().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_recording_has_the_samples_and_the_digest_of_one_that_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 8,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for at in 0..=HELD_SAMPLES {
            let value = at.wrapping_mul(at / 7) % 251;
            writer.write_sample(value as i8 / 2).unwrap();
        }
        writer.finalize().unwrap();
        let place = (path.clone(), None, None);
        let mut reader = AudioReader::open(&path, None, None).unwrap();
        let long = LongAudio::of(&mut reader, place, &Silent).unwrap().unwrap();
        let mut blocks = Vec::new();
        long.blocks(&Silent, &mut |block| blocks.extend_from_slice(block))
            .unwrap();
        let held = AudioReader::open(&path, None, None).unwrap().rest(&Silent);
        let held = Audio::from(held.unwrap());
        assert_eq!(blocks, held.0.samples);
        assert_eq!(long.digest(&Silent).unwrap(), held.digest(&Silent).unwrap());
        assert_eq!(long.encode().unwrap(), held.encode().unwrap());

        let short = AudioReader::open(&path, Some((0.0, 60.0)), None);
        let place = (path, Some((0.0, 60.0)), None);
        let short = LongAudio::of(&mut short.unwrap(), place, &Silent).unwrap();
        assert_eq!(short, None);
    }
}
