//! The samples of an item, whether they are held or not.

use std::sync::Arc;

use pipe_engine::artifact::ItemData;
use pipe_engine::stage::ItemError;
use pipe_foundation::progress::Progress;
use pipe_speech::audio::Waveform;

use super::audio::Audio;
use super::long_audio::{LongAudio, fault};

/// Samples that are held are given in blocks of so many.
const BLOCK_SAMPLES: usize = 1 << 16;

/// The samples of an item.
pub enum Samples<'a> {
    /// They are held.
    Held(&'a Arc<Waveform>),
    /// They are to be decoded or read.
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
            Self::Long(long) => long.rate_hz(),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            Self::Held(wave) => wave.samples.len() as u64,
            Self::Long(long) => long.samples(),
        }
    }

    /// Gives all of them in their order to `take`, block by block, with a look at `progress` before each.
    ///
    /// # Errors
    /// Those of `take`; when the file of a long recording cannot be read any more; also once `progress` says so.
    pub fn each_block(
        &self,
        progress: &dyn Progress,
        take: &mut dyn FnMut(&[f32]) -> Result<(), ItemError>,
    ) -> Result<(), ItemError> {
        let look = || progress.check().map_err(ItemError::transient);
        match self {
            Self::Held(wave) => {
                for block in wave.samples.chunks(BLOCK_SAMPLES) {
                    look()?;
                    take(block)?;
                }
            }
            Self::Long(long) => {
                let (mut blocks, mut block) = (long.blocks().map_err(fault)?, Vec::new());
                while blocks.next(&mut block).map_err(fault)? {
                    look()?;
                    take(&block)?;
                }
            }
        }
        Ok(())
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
