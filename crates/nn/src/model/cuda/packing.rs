//! How a batch is laid out on the device: which row belongs to which utterance, before and after every layer.

use std::ops::Range;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::DeviceShape;
use crate::layers::conv::shape::ConvShape;

use super::feed::{DeviceBatch, Feed};
use super::shares::parts;
use super::{Pointer, Sizes};

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

/// The utterance of a row that belongs to none.
const NO_UTTERANCE: i32 = -1;

/// Where a table begins among all of a batch's numbers.
pub type Table = usize;

/// The frames of all utterances at one depth of the network, one after the other.
///
/// What a convolution reads has `padding` rows of zeros before each utterance, which are those after the one before,
/// too, and zeros at the end; other frames follow without gaps.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// Rows in all.
    pub rows: usize,
    /// For each row, its utterance; -1 for rows that belong to none.
    pub utterance_of: Table,
    /// For each utterance, its first row.
    pub first: Table,
    /// For each utterance, its rows.
    pub count: Table,
}

/// The order of sequences in the recurrent layers.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// For each step, its first row and its rows; rows never rise.
    pub steps: Vec<(usize, usize)>,
    /// For each direction and row, the frame that it reads.
    pub source: Table,
}

/// All tables of a batch.
#[derive(Clone, Debug, Default)]
pub struct Packing {
    /// Utterances in the batch.
    pub utterances: usize,
    /// Numbers of all tables.
    pub numbers: Vec<i32>,
    /// The input of each convolution block, and the output of the last.
    pub frames: Vec<Frames>,
    /// The frames between convolution and pooling of each block: each in the row where what it reads begins. Rows in
    /// all are a multiple of the block's `parts`.
    pub convolved: Vec<Frames>,
    /// Phases that the gradient of each block's weights is summed in, a multiple of the width: see `conv_block`.
    pub parts: Vec<usize>,
    /// The recurrent layers' order.
    pub steps: Steps,
    /// For each utterance nine numbers of how to read it: see `batch_features` in gather.cu.
    pub sources: Table,
    /// Masks, a start and an end each.
    pub masks: Table,
}

impl Packing {
    /// The tables of utterances with this many frames; `sources` gives the first row of each where it is read, and its
    /// masks. `sms` is the number of SMs of the card.
    pub fn new(
        shape: &DeviceShape,
        sms: usize,
        frames: &[usize],
        sources: &[(usize, Masked)],
    ) -> Self {
        let minimum = shape.minimum_frames();
        let mut packing = Self {
            utterances: frames.len(),
            ..Self::default()
        };
        let mut counts: Vec<usize> = frames.iter().map(|&n| n.max(minimum)).collect();
        for conv in &shape.convs {
            let (rows, parts) = rows_and_parts(sms, conv, &counts);
            let firsts = firsts(&counts, conv.padding);
            let begins = firsts.iter().map(|first| first - conv.padding).collect();
            let own = packing.lay(&counts, firsts, rows + conv.width - 1);
            packing.frames.push(own);
            let convolved: Vec<usize> = counts.iter().map(|&n| conv.convolved(n)).collect();
            let own = packing.lay(&convolved, begins, rows);
            packing.convolved.push(own);
            packing.parts.push(parts);
            counts = counts.iter().map(|&n| conv.pooled(n)).collect();
        }
        let own = packing.lay(&counts, firsts(&counts, 0), counts.iter().sum());
        packing.frames.push(own);
        if !shape.lstms.is_empty() {
            packing.order(&counts);
        }
        packing.read(frames, sources);
        packing
    }

    fn table(&mut self, numbers: impl IntoIterator<Item = usize>) -> Table {
        let start = self.numbers.len();
        self.numbers
            .extend(numbers.into_iter().map(|number| number as i32));
        start
    }

    fn lay(&mut self, counts: &[usize], firsts: Vec<usize>, rows: usize) -> Frames {
        let utterance_of = self.numbers.len();
        self.numbers.resize(utterance_of + rows, NO_UTTERANCE);
        let owners = &mut self.numbers[utterance_of..];
        for (utterance, (&first, &count)) in firsts.iter().zip(counts).enumerate() {
            owners[first..first + count].fill(utterance as i32);
        }
        Frames {
            rows,
            utterance_of,
            first: self.table(firsts),
            count: self.table(counts.iter().copied()),
        }
    }

    /// Packs sequences by step, longest first, each direction from where it begins to read.
    fn order(&mut self, counts: &[usize]) {
        let mut ranks: Vec<usize> = (0..counts.len()).collect();
        ranks.sort_by_key(|&utterance| (std::cmp::Reverse(counts[utterance]), utterance));
        let firsts = firsts(counts, 0);
        let longest = ranks.first().map_or(0, |&utterance| counts[utterance]);
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        let mut steps = Vec::with_capacity(longest);
        for step in 0..longest {
            let first = forward.len();
            for &utterance in ranks.iter().take_while(|&&u| counts[u] > step) {
                forward.push(firsts[utterance] + step);
                backward.push(firsts[utterance] + counts[utterance] - 1 - step);
            }
            steps.push((first, forward.len() - first));
        }
        self.steps = Steps {
            steps,
            source: self.table(forward.into_iter().chain(backward)),
        };
    }

    fn read(&mut self, frames: &[usize], sources: &[(usize, Masked)]) {
        let mut masks = Vec::new();
        let mut numbers = Vec::new();
        let minimums = self.frames[0].first;
        for (utterance, (first, masked)) in sources.iter().enumerate() {
            let own = self.numbers[minimums + utterance] as usize;
            let blend = masked.blend.map(|Blended { partner, share }| {
                let share = share.to_bits() as usize;
                [sources[partner].0, frames[partner], share]
            });
            numbers.extend([
                own,
                *first,
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
        self.sources = self.table(numbers);
        self.masks = self.table(masks);
    }
}

/// Rows of a block over utterances with this many frames, between convolution and pooling, and the phases that its
/// weights' gradient is summed in.
pub fn rows_and_parts(sms: usize, conv: &ConvShape, counts: &[usize]) -> (usize, usize) {
    let rows = counts.iter().map(|count| conv.padding + count).sum();
    let parts = gradient_phases(sms, conv, rows);
    (rows.next_multiple_of(parts), parts)
}

/// The first row of each utterance where `gap` rows come before each.
fn firsts(counts: &[usize], gap: usize) -> Vec<usize> {
    let ends = counts.iter().scan(0, |end, count| {
        *end += gap + count;
        Some(*end - count)
    });
    ends.collect()
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

/// Phases that the weights' gradient of a block is summed in over this many rows.
fn gradient_phases(sms: usize, shape: &ConvShape, rows: usize) -> usize {
    let sizes = Sizes {
        rows: shape.width * shape.input,
        inner: rows,
        columns: shape.output,
        batch: 1,
    };
    parts(sms, sizes, shape.width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EncoderShape;
    use crate::model::spec::{Layer, default_encoder};

    #[test]
    fn zeros_stand_around_the_utterances_that_a_convolution_reads() {
        let layers = r#"[{"layer":"conv","channels":3,"width":4,"padding":3},
            {"layer":"conv","channels":3,"width":3,"padding":0,"pool_width":2},
            {"layer":"time_pool","how":"mean"}]"#;
        let shape = EncoderShape::new(&serde_json::from_str::<Vec<Layer>>(layers).unwrap(), 2);
        let shape = shape.unwrap().on_device().unwrap();
        let frames = [5, 700, 9];
        let sources = vec![(0, Masked::default()); 3];
        let packing = Packing::new(&shape, 30, &frames, &sources);
        let table = |at: Table, length: usize| packing.numbers[at..at + length].to_vec();
        let owners = |frames: &Frames| table(frames.utterance_of, frames.rows);
        for (block, conv) in shape.convs.iter().enumerate() {
            let (read, made) = (&packing.frames[block], &packing.convolved[block]);
            assert_eq!(read.rows, made.rows + conv.width - 1, "patches end in it");
            assert!(made.rows.is_multiple_of(packing.parts[block]));
            assert!(packing.parts[block].is_multiple_of(conv.width));
            let (read_of, made_of) = (owners(read), owners(made));
            let firsts = table(made.first, 3).into_iter().zip(table(read.first, 3));
            for (utterance, (begins, first)) in firsts.enumerate() {
                assert_eq!(begins + conv.padding as i32, first);
                let count = packing.numbers[made.count + utterance];
                for row in begins..begins + count {
                    assert_eq!(made_of[row as usize], utterance as i32);
                    // A patch holds frames of one utterance, and zeros.
                    let patch = &read_of[row as usize..row as usize + conv.width];
                    assert!(patch.iter().all(|&own| own < 0 || own == utterance as i32));
                }
                let taken = made_of.iter().filter(|&&own| own == utterance as i32);
                assert_eq!(taken.count() as i32, count);
            }
        }
        // Long enough to keep several SMs busy: three times the width, the next block twice.
        assert_eq!(packing.parts, [2 * 4, 3 * 3]);
        let last = &packing.frames[2];
        assert!(owners(last).iter().all(|&own| own >= 0), "no gaps");
    }

    #[test]
    fn every_frame_is_read_once_in_each_direction_and_steps_shrink() {
        let shape = EncoderShape::new(&default_encoder(), 40).unwrap();
        let frames = [50, 9, 300, 50];
        let sources = vec![(0, Masked::default()); 4];
        let device = shape.on_device().unwrap();
        let packing = Packing::new(&device, 8, &frames, &sources);
        let last = packing.frames.last().unwrap();
        let counts: Vec<usize> = frames.iter().map(|&n| shape.frames_out(n)).collect();
        assert_eq!(last.rows, counts.iter().sum::<usize>());
        assert!(
            packing
                .steps
                .steps
                .windows(2)
                .all(|pair| pair[0].1 >= pair[1].1)
        );
        for direction in 0..2 {
            let at = packing.steps.source + direction * last.rows;
            let source = &packing.numbers[at..at + last.rows];
            let mut seen = source.to_vec();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..last.rows as i32));
        }
        // The longest utterance has rank 0: forward it begins at its first frame, backward at its last.
        let first = counts[0] + counts[1];
        assert_eq!(packing.numbers[packing.steps.source], first as i32);
        let backward = packing.numbers[packing.steps.source + last.rows];
        assert_eq!(backward as usize, first + counts[2] - 1);
    }
}
