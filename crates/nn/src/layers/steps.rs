//! Sequences of different length laid out step by step, without padding (PyTorch's packed sequence).

/// Row layout: all sequences' values of step 0, then of step 1, ...; the longest sequence comes first in each step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// `offsets[t]..offsets[t + 1]` are the rows of step t.
    offsets: Vec<usize>,
}

impl Steps {
    /// The layout of sequences whose `lengths` never rise from one to the next.
    pub fn new(lengths: &[usize]) -> Self {
        debug_assert!(lengths.is_sorted_by(|a, b| a >= b));
        let mut offsets = vec![0];
        let mut active = lengths.len();
        let mut rows = 0;
        for t in 0..lengths.first().copied().unwrap_or(0) {
            while active > 0 && lengths[active - 1] <= t {
                active -= 1;
            }
            rows += active;
            offsets.push(rows);
        }
        Self { offsets }
    }

    /// Rows of all steps.
    pub fn rows(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Number of steps: the longest sequence.
    pub fn steps(&self) -> usize {
        self.offsets.len() - 1
    }

    /// First row and number of rows of step `t`.
    pub fn step(&self, t: usize) -> (usize, usize) {
        (self.offsets[t], self.offsets[t + 1] - self.offsets[t])
    }

    /// The row of sequence `rank` (0: the longest) at step `t`.
    pub fn row(&self, rank: usize, t: usize) -> usize {
        self.offsets[t] + rank
    }
}
