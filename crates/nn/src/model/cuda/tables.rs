//! Numbers that tell the kernels how a batch lies: which row belongs to which utterance, and in which order sequences go.

use std::sync::Arc;

/// The utterance of a row that belongs to none.
const NO_UTTERANCE: i32 = -1;

/// Where a table begins among all of a batch's numbers.
pub type Table = usize;

/// The frames of all utterances at one depth of the network, one after the other.
///
/// Where a convolution reads them, rows of zeros stand before each utterance, which are those after the one before, too,
/// and at the end; other frames follow without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// How far utterances are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spacing {
    /// Rows of zeros before each utterance.
    pub gap: usize,
    /// Rows in all.
    pub rows: usize,
}

impl Spacing {
    /// One after the other.
    pub fn none(counts: &[usize]) -> Self {
        Self {
            gap: 0,
            rows: counts.iter().sum(),
        }
    }

    /// The first row of each utterance.
    pub fn firsts(self, counts: &[usize]) -> Vec<usize> {
        let ends = counts.iter().scan(0, |end, count| {
            *end += self.gap + count;
            Some(*end - count)
        });
        ends.collect()
    }
}

/// The order of sequences in recurrent layers.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// For each step, its first row and its rows; rows never rise.
    pub steps: Vec<(usize, usize)>,
    /// For each direction and row, the frame that it reads.
    pub source: Table,
}

/// The tables of a batch in the making; equal ones are there once.
#[derive(Debug, Default)]
pub struct Tables {
    numbers: Vec<i32>,
    laid: Vec<Laid>,
    ordered: Vec<(Vec<usize>, Arc<Steps>)>,
}

/// Frames that are laid already.
#[derive(Debug)]
struct Laid {
    counts: Vec<usize>,
    firsts: Vec<usize>,
    frames: Frames,
}

impl Tables {
    /// Adds a table.
    pub fn table(&mut self, numbers: impl IntoIterator<Item = usize>) -> Table {
        let start = self.numbers.len();
        let numbers = numbers.into_iter().map(|number| number as i32);
        self.numbers.extend(numbers);
        start
    }

    /// Lays utterances of this many frames.
    pub fn spaced(&mut self, counts: &[usize], spacing: Spacing) -> Frames {
        self.lay(counts, spacing.firsts(counts), spacing.rows)
    }

    /// Lays utterances of this many frames, each from its first row on.
    pub fn lay(&mut self, counts: &[usize], firsts: Vec<usize>, rows: usize) -> Frames {
        let same = |laid: &&Laid| {
            laid.frames.rows == rows && laid.counts == counts && laid.firsts == firsts
        };
        if let Some(laid) = self.laid.iter().find(same) {
            return laid.frames;
        }
        let utterance_of = self.numbers.len();
        self.numbers.resize(utterance_of + rows, NO_UTTERANCE);
        let owners = &mut self.numbers[utterance_of..];
        for (utterance, (&first, &count)) in firsts.iter().zip(counts).enumerate() {
            owners[first..first + count].fill(utterance as i32);
        }
        let frames = Frames {
            rows,
            utterance_of,
            first: self.table(firsts.iter().copied()),
            count: self.table(counts.iter().copied()),
        };
        self.laid.push(Laid {
            counts: counts.to_vec(),
            firsts,
            frames,
        });
        frames
    }

    /// Packs sequences of this many frames by step, longest first, each direction from where it begins to read.
    pub fn steps(&mut self, counts: &[usize]) -> Arc<Steps> {
        if let Some((_, steps)) = self.ordered.iter().find(|(own, _)| own == counts) {
            return Arc::clone(steps);
        }
        let mut ranks: Vec<usize> = (0..counts.len()).collect();
        ranks.sort_by_key(|&utterance| (std::cmp::Reverse(counts[utterance]), utterance));
        let firsts = Spacing::none(counts).firsts(counts);
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
        let steps = Arc::new(Steps {
            steps,
            source: self.table(forward.into_iter().chain(backward)),
        });
        self.ordered.push((counts.to_vec(), Arc::clone(&steps)));
        steps
    }

    /// All numbers.
    pub fn into_numbers(self) -> Vec<i32> {
        self.numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_read_once_in_each_direction_and_steps_shrink() {
        let counts = [6, 1, 36, 6];
        let mut tables = Tables::default();
        let frames = tables.spaced(&counts, Spacing::none(&counts));
        let steps = tables.steps(&counts);
        let length = tables.numbers.len();
        assert_eq!(frames, tables.spaced(&counts, Spacing::none(&counts)));
        assert!(Arc::ptr_eq(&steps, &tables.steps(&counts)));
        assert_eq!(tables.numbers.len(), length, "equal tables are there once");
        assert!(steps.steps.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        for direction in 0..2 {
            let at = steps.source + direction * frames.rows;
            let mut seen = tables.numbers[at..at + frames.rows].to_vec();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..frames.rows as i32));
        }
        // The longest utterance has rank 0: forward it begins at its first frame, backward at its last.
        assert_eq!(tables.numbers[steps.source], 7);
        assert_eq!(tables.numbers[steps.source + frames.rows], 7 + 36 - 1);
    }
}
