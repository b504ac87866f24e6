//! A long recording: its samples are decoded or read block by block wherever they are needed, and never held together.

use std::path::PathBuf;

use pipe_engine::artifact::FilePart;
use pipe_engine::stage::ItemError;
use pipe_foundation::progress::Progress;
use pipe_foundation::system::{Metadata, RealSystem, System};
use pipe_speech::audio::{AudioError, AudioReader, Waveform};

use super::spool::{HELD_VALUES, ValueBlocks};

/// What messages call samples that are in the cache.
const STORED: &str = "samples in the cache";

/// Samples of which only the place is held.
#[derive(Clone, Debug)]
pub struct LongAudio {
    place: Place,
    samples: u64,
    rate_hz: u32,
}

/// Where samples are.
#[derive(Clone, Debug)]
enum Place {
    /// In a recording, which is decoded.
    Recording {
        path: PathBuf,
        /// Start and end in seconds; the whole file without it.
        segment_s: Option<(f64, f64)>,
        /// One channel, counted from 0; the mean of all without it.
        channel: Option<u16>,
        /// The file as it was when the samples were found to be sound.
        seen: Metadata,
    },
    /// As they are, one after another.
    Values(FilePart),
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
        if reader.samples() <= HELD_VALUES {
            return Ok(None);
        }
        let mut block = Vec::new();
        while reader.block(&mut block)? {
            if progress.interrupted() {
                return Err(AudioError::Interrupted { path });
            }
            block.clear();
        }
        let seen = RealSystem.metadata(&path);
        let seen = seen.map_err(|source| unreadable(path.clone(), source))?;
        Ok(Some(Self {
            samples: reader.samples(),
            rate_hz: reader.info().rate_hz,
            place: Place::Recording {
                path,
                segment_s,
                channel,
                seen,
            },
        }))
    }

    /// The samples `values`, which are one after another.
    pub fn of_values(values: FilePart, rate_hz: u32) -> Self {
        Self {
            samples: values.bytes() / 4,
            rate_hz,
            place: Place::Values(values),
        }
    }

    /// How many samples it has.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Their rate in Hz.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// All samples in their order.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn blocks(&self) -> Result<SampleBlocks<'_>, AudioError> {
        Ok(match &self.place {
            Place::Recording {
                path,
                segment_s,
                channel,
                ..
            } => {
                let reader = AudioReader::open(path, *segment_s, *channel)?;
                SampleBlocks::Recording(self, reader.into())
            }
            Place::Values(values) => SampleBlocks::Values(ValueBlocks::new(values, 1)),
        })
    }

    /// All samples together.
    ///
    /// # Errors
    /// When the file cannot be read any more; also once `progress` says so.
    pub fn waveform(&self, progress: &dyn Progress) -> Result<Waveform, AudioError> {
        let mut samples = Vec::new();
        let room = samples.try_reserve_exact(self.samples as usize);
        room.map_err(|error| AudioError::Io {
            path: self.path(),
            action: "make room for the samples of",
            source: std::io::Error::new(std::io::ErrorKind::OutOfMemory, error),
        })?;
        let (mut blocks, mut block) = (self.blocks()?, Vec::new());
        while blocks.next(&mut block)? {
            if progress.interrupted() {
                return Err(AudioError::Interrupted { path: self.path() });
            }
            samples.extend_from_slice(&block);
        }
        Ok(Waveform {
            samples,
            rate_hz: self.rate_hz,
        })
    }

    /// The recording, for messages.
    fn path(&self) -> PathBuf {
        match &self.place {
            Place::Recording { path, .. } => path.clone(),
            Place::Values(_) => STORED.into(),
        }
    }

    /// Makes sure that the recording is the one whose samples were found to be sound.
    fn check_unchanged(&self) -> Result<(), AudioError> {
        let Place::Recording { path, seen, .. } = &self.place else {
            return Ok(());
        };
        match RealSystem.metadata(path) {
            Ok(now) if now == *seen => Ok(()),
            Ok(_) => {
                let reason = std::io::Error::other("the file changed during the run");
                Err(unreadable(path.clone(), reason))
            }
            Err(source) => Err(unreadable(path.clone(), source)),
        }
    }
}

fn unreadable(path: PathBuf, source: std::io::Error) -> AudioError {
    AudioError::Io {
        path,
        action: "read",
        source,
    }
}

/// The samples of a long recording, block by block in their order.
pub enum SampleBlocks<'a> {
    /// They are decoded.
    Recording(&'a LongAudio, Box<AudioReader>),
    /// They are read.
    Values(ValueBlocks),
}

impl SampleBlocks<'_> {
    /// Puts the next block in place of what is in `block`; false at the end.
    ///
    /// # Errors
    /// When the file cannot be read any more, or is not as it was.
    pub fn next(&mut self, block: &mut Vec<f32>) -> Result<bool, AudioError> {
        match self {
            Self::Recording(audio, reader) => {
                block.clear();
                let more = reader.block(block)?;
                if !more {
                    audio.check_unchanged()?;
                }
                Ok(more)
            }
            Self::Values(blocks) => {
                let read = blocks.next(block);
                read.map_err(|source| unreadable(STORED.into(), source))
            }
        }
    }
}
