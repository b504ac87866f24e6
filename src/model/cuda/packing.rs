//! How a batch lies on the device: which row belongs to which utterance, before and after every layer.

use std::ops::Range;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use super::Pointer;
use super::feed::{Fed, Feed};
use crate::model::EncoderShape;

/// An utterance of a batch and what SpecAugment hides of it.
#[derive(Clone, Debug, Default)]
pub struct Masked {
    /// Its place in the corpus.
    pub at: usize,
    /// Hidden frames.
    pub times: Vec<Range<usize>>,
    /// Hidden bins.
    pub bands: Vec<Range<usize>>,
}

/// Where a table begins among all of a batch's numbers.
pub type Table = usize;

/// The frames of all utterances at one depth of the network, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// Rows in all.
    pub rows: usize,
    /// For each row, its utterance.
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
    /// The frames between convolution and pooling of each block.
    pub convolved: Vec<Frames>,
    /// The recurrent layers' order.
    pub steps: Steps,
    /// For each utterance six numbers of how to read it: see `batch_features` in gather.cu.
    pub sources: Table,
    /// Masks, a start and an end each.
    pub masks: Table,
}

impl Packing {
    /// The tables of utterances with so many frames; `sources` gives the first row of each where it is read, and its
    /// masks.
    pub fn new(shape: &EncoderShape, frames: &[usize], sources: &[(usize, Masked)]) -> Self {
        let minimum = shape.minimum_frames();
        let mut packing = Self {
            utterances: frames.len(),
            ..Self::default()
        };
        let mut counts: Vec<usize> = frames.iter().map(|&n| n.max(minimum)).collect();
        let input = packing.lay(&counts);
        packing.frames.push(input);
        for conv in &shape.convs {
            let convolved: Vec<usize> = counts.iter().map(|&n| conv.convolved(n)).collect();
            let own = packing.lay(&convolved);
            packing.convolved.push(own);
            counts = counts.iter().map(|&n| conv.pooled(n)).collect();
            let own = packing.lay(&counts);
            packing.frames.push(own);
        }
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

    fn lay(&mut self, counts: &[usize]) -> Frames {
        let mut rows = 0;
        let firsts: Vec<usize> = counts
            .iter()
            .map(|count| {
                rows += count;
                rows - count
            })
            .collect();
        let owners = counts.iter().enumerate();
        let owners = owners.flat_map(|(utterance, &count)| std::iter::repeat_n(utterance, count));
        Frames {
            rows,
            utterance_of: self.table(owners),
            first: self.table(firsts),
            count: self.table(counts.iter().copied()),
        }
    }

    /// Packs sequences by step, longest first, each direction from where it begins to read.
    fn order(&mut self, counts: &[usize]) {
        let mut ranks: Vec<usize> = (0..counts.len()).collect();
        ranks.sort_by_key(|&utterance| (std::cmp::Reverse(counts[utterance]), utterance));
        let mut firsts = Vec::with_capacity(counts.len());
        let mut rows = 0;
        for count in counts {
            firsts.push(rows);
            rows += count;
        }
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
            numbers.extend([
                own,
                *first,
                frames[utterance],
                masks.len(),
                masked.times.len(),
                masked.bands.len(),
            ]);
            for range in masked.times.iter().chain(&masked.bands) {
                masks.extend([range.start, range.end]);
            }
        }
        self.sources = self.table(numbers);
        self.masks = self.table(masks);
    }
}

/// A batch's tables on the device, with its features where it brings them along.
pub struct Packed {
    /// What they say.
    pub packing: Packing,
    fed: Fed,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::default_encoder;

    #[test]
    fn every_frame_is_read_once_in_each_direction_and_steps_shrink() {
        let shape = EncoderShape::new(&default_encoder(), 40).unwrap();
        let frames = [50, 9, 300, 50];
        let sources = vec![(0, Masked::default()); 4];
        let packing = Packing::new(&shape, &frames, &sources);
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
