//! The blocks in which values are moved.

/// Values that one task updates or sums; part of the result's bits, so never changed lightly.
pub const BLOCK: usize = 1 << 16;

/// Values that one task moves, what is remembered of each, and its gradient.
pub struct Block<'a> {
    /// The values.
    pub values: &'a mut [f32],
    /// The first number of each, such as a velocity.
    pub first: &'a mut [f32],
    /// The second, such as a mean of squares; empty where the optimiser has none.
    pub second: &'a mut [f32],
    /// dL/d(value).
    pub gradient: &'a [f32],
}
