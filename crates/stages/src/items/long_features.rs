//! A feature matrix of a long recording: its frames are read block by block wherever they are needed.

use pipe_engine::artifact::FilePart;
use pipe_foundation::Features;
use pipe_foundation::progress::{Interrupted, Progress};
use pipe_speech::dsp::Normaliser;

use super::spool::ValueBlocks;

/// Features of which only the place is held.
#[derive(Clone, Debug)]
pub struct LongFeatures {
    /// `[frames, bins]`, one frame after another, before they are normalised.
    values: FilePart,
    bins: usize,
    /// What is done to frames as they are read.
    normaliser: Option<Normaliser>,
}

impl LongFeatures {
    /// The features `values`, of so many `bins`, which `normaliser` is applied to.
    pub fn new(values: FilePart, bins: usize, normaliser: Option<Normaliser>) -> Self {
        Self {
            values,
            bins: bins.max(1),
            normaliser,
        }
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        (self.values.bytes() / 4) as usize / self.bins
    }

    /// Coefficients per frame.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// All frames in their order.
    pub fn blocks(&self) -> FrameBlocks<'_> {
        FrameBlocks {
            blocks: ValueBlocks::new(&self.values, self.bins),
            normaliser: self.normaliser.as_ref(),
        }
    }

    /// All frames together.
    ///
    /// # Errors
    /// When they cannot be read; also once `progress` says so, as an error of [`Interrupted`].
    pub fn together(&self, progress: &dyn Progress) -> std::io::Result<Features> {
        let mut values = Vec::new();
        self.each_block(progress, &mut |block| values.extend_from_slice(block))?;
        Ok(Features {
            frames: self.frames(),
            bins: self.bins,
            values,
        })
    }

    /// Gives all frames to `take`, block by block.
    ///
    /// # Errors
    /// As [`Self::together`].
    pub fn each_block(
        &self,
        progress: &dyn Progress,
        take: &mut dyn FnMut(&[f32]),
    ) -> std::io::Result<()> {
        let (mut blocks, mut block) = (self.blocks(), Vec::new());
        while blocks.next(&mut block)? {
            if progress.interrupted() {
                return Err(std::io::Error::other(Interrupted));
            }
            take(&block);
        }
        Ok(())
    }
}

/// The frames of a long recording, block by block in their order.
pub struct FrameBlocks<'a> {
    blocks: ValueBlocks,
    normaliser: Option<&'a Normaliser>,
}

impl FrameBlocks<'_> {
    /// Puts the next whole frames in place of what is in `block`; false at the end.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn next(&mut self, block: &mut Vec<f32>) -> std::io::Result<bool> {
        let more = self.blocks.next(block)?;
        if let Some(normaliser) = self.normaliser {
            normaliser.apply(block);
        }
        Ok(more)
    }
}
