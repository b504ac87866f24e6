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
}
