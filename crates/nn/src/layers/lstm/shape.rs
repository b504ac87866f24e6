//! Sizes of a recurrent layer.

/// Sizes of one recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmShape {
    /// Input channels.
    pub input: usize,
    /// Hidden units of each direction.
    pub units: usize,
    /// One or two directions.
    pub directions: usize,
}

impl LstmShape {
    /// Values of both weights and both biases of one direction.
    pub fn direction_parameters(&self) -> usize {
        4 * self.units * (self.input + self.units + 2)
    }

    /// Output channels.
    pub fn output(&self) -> usize {
        self.units * self.directions
    }
}
