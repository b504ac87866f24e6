//! A batch on the device: how its frames lie before and after every layer, and where its features are read.

use std::ops::Range;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use super::Pointer;
use super::feed::{DeviceBatch, Feed};
use super::tables::{Frames, Table, Tables};

/// An utterance of a batch, what it is blended with, and what SpecAugment hides of it then.
#[derive(Clone, Debug, Default)]
pub struct Masked {
    /// Its place in the corpus.
    pub at: usize,
    /// Hidden frames.
    pub times: Vec<Range<usize>>,
    /// Hidden bins.
    pub bands: Vec<Range<usize>>,
    /// What mixup adds, if anything.
    pub blend: Option<Blended>,
}

/// What an utterance is blended with: `share` of it and the rest of the other, which starts over where it is shorter and is cut
/// where it is longer.
#[derive(Clone, Copy, Debug)]
pub struct Blended {
    /// Place of the other in the batch.
    pub partner: usize,
    /// Share of the utterance itself.
    pub share: f32,
}

/// How a batch lies.
#[derive(Debug, Default)]
pub struct Packing {
    /// Utterances in the batch.
    pub utterances: usize,
    /// Numbers of all tables.
    pub numbers: Vec<i32>,
    /// How the frames lie that each layer reads, then those that the last one makes.
    pub frames: Vec<Frames>,
    /// How the frames lie that each layer makes; the next one may need them further apart.
    pub made: Vec<Frames>,
    /// For each utterance nine numbers of how to read it: see `batch_features` in gather.cu.
    pub sources: Table,
    /// Masks, a start and an end each.
    pub masks: Table,
}

impl Packing {
    /// First row and rows of each utterance.
    pub fn places(&self, frames: &Frames) -> Vec<(usize, usize)> {
        let of = |table: Table| {
            let numbers = &self.numbers[table..table + self.utterances];
            numbers.iter().map(|&number| number as usize)
        };
        of(frames.first).zip(of(frames.count)).collect()
    }
}

/// Adds the tables of how utterances with this many frames are read: `firsts` are the rows where each begins in the
/// batch, `sources` give the first row of each where it is read, and its masks. Gives the places of both.
pub fn read(
    tables: &mut Tables,
    firsts: &[usize],
    frames: &[usize],
    sources: &[(usize, Masked)],
) -> (Table, Table) {
    let mut masks = Vec::new();
    let mut numbers = Vec::new();
    for (utterance, (source, masked)) in sources.iter().enumerate() {
        let blend = masked.blend.map(|Blended { partner, share }| {
            let share = share.to_bits() as usize;
            [sources[partner].0, frames[partner], share]
        });
        numbers.extend([
            firsts[utterance],
            *source,
            frames[utterance],
            masks.len(),
            masked.times.len(),
            masked.bands.len(),
        ]);
        numbers.extend(blend.unwrap_or_default());
        for range in masked.times.iter().chain(&masked.bands) {
            masks.extend([range.start, range.end]);
        }
    }
    (tables.table(numbers), tables.table(masks))
}

/// A batch's tables on the device, with its features where it brings them along.
pub struct Packed {
    /// What they say.
    pub packing: Packing,
    fed: DeviceBatch,
}

impl Packed {
    /// Brings the tables to the device, and the features in `brought`.
    ///
    /// # Errors
    /// Where the device has no memory left.
    pub fn new(feed: &Arc<Feed>, packing: Packing, brought: &[&[f32]]) -> Result<Self, CudaError> {
        Ok(Self {
            fed: feed.load(&packing.numbers, brought)?,
            packing,
        })
    }

    /// Address of a table.
    pub fn at(&self, table: Table) -> Pointer {
        self.fed.tables() + (table * size_of::<i32>()) as u64
    }

    /// Address of the features that came with the tables.
    pub fn brought(&self) -> Pointer {
        self.fed.features()
    }
}
