//! Frames of several utterances in one matrix, kept apart by shared rows of zeros.

use pipe_foundation::Buffer;

/// A matrix `[rows, channels]`: `gap` zero rows, then each utterance's frames followed by `gap` zero rows.
///
/// With the gap equal to a convolution's padding, every window that belongs to an utterance sees its
/// own frames and zeros, exactly as if it were alone; one matrix product serves all utterances.
#[derive(Clone, Debug, Default)]
pub struct SpacedFrames {
    lengths: Vec<usize>,
    gap: usize,
    channels: usize,
    rows: usize,
    values: Buffer,
}

impl SpacedFrames {
    /// Gives the matrix a new geometry, reusing memory. Gaps are zero; frames hold old values.
    pub fn reset(&mut self, lengths: &[usize], gap: usize, channels: usize) {
        self.lengths.clear();
        self.lengths.extend_from_slice(lengths);
        self.gap = gap;
        self.channels = channels;
        self.rows = gap + lengths.iter().map(|length| length + gap).sum::<usize>();
        self.values.resize(self.rows * channels);
        let mut row = 0;
        for &length in std::iter::once(&0).chain(lengths) {
            row += length;
            self.values[row * channels..(row + gap) * channels].fill(0.0);
            row += gap;
        }
    }

    /// Frames of each utterance.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Rows of the matrix, gaps included.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The whole matrix.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The whole matrix, to be written.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// First row of each utterance's first window: `gap` rows before its first frame.
    pub fn window_starts(&self) -> impl Iterator<Item = usize> + '_ {
        self.lengths.iter().scan(0, |row, length| {
            let start = *row;
            *row += length + self.gap;
            Some(start)
        })
    }

    /// First frame row of each utterance.
    pub fn starts(&self) -> impl Iterator<Item = usize> + '_ {
        self.window_starts().map(|row| row + self.gap)
    }

    /// Channels of a frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The frames of each utterance, `[frames, channels]`.
    pub fn utterances(&self) -> impl Iterator<Item = &[f32]> {
        let places = self.starts().zip(&self.lengths);
        places
            .map(|(start, length)| &self.values[start * self.channels..][..length * self.channels])
    }

    /// The frames of the utterance at `place`, `[frames, channels]`.
    pub fn utterance(&self, place: usize) -> &[f32] {
        let before = &self.lengths[..place];
        let start = self.gap + before.iter().map(|length| length + self.gap).sum::<usize>();
        &self.values[start * self.channels..][..self.lengths[place] * self.channels]
    }

    /// As [`Self::utterances`], to be written.
    pub fn utterances_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let (gap, channels) = (self.gap * self.channels, self.channels);
        let mut rest = self.values.get_mut(gap..).unwrap_or_default();
        self.lengths.iter().map(move |length| {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(length * channels);
            rest = &mut after[gap..];
            own
        })
    }

    /// All frames one after the other, without gaps.
    pub fn to_rows(&self) -> Vec<f32> {
        if self.gap == 0 {
            return self.values.to_vec();
        }
        self.utterances().flatten().copied().collect()
    }

    /// Takes all frames from one after the other.
    pub fn set_rows(&mut self, mut rows: &[f32]) {
        for own in self.utterances_mut() {
            let (first, rest) = rows.split_at(own.len());
            own.copy_from_slice(first);
            rows = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_around_the_gaps_and_come_back() {
        for gap in [0, 2] {
            let mut frames = SpacedFrames::default();
            frames.reset(&[2, 0, 3], gap, 2);
            let rows: Vec<f32> = (1..=10).map(|v| v as f32).collect();
            frames.set_rows(&rows);
            assert_eq!(frames.to_rows(), rows);
            let utterances: Vec<Vec<f32>> = frames.utterances().map(<[f32]>::to_vec).collect();
            assert_eq!(utterances, [rows[..4].to_vec(), vec![], rows[4..].to_vec()]);
            assert_eq!(frames.rows(), 5 + 4 * gap);
            let zeros = frames.values().iter().filter(|v| **v == 0.0).count();
            assert_eq!(zeros, 8 * gap);
        }
    }
}
