//! A matrix of features over time.

/// Features of one utterance, row-major `[frames, bins]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Number of frames (rows).
    pub frames: usize,
    /// Coefficients per frame (columns).
    pub bins: usize,
    /// `frames * bins` values, one frame after another.
    pub values: Vec<f32>,
}

impl Features {
    /// A borrowed view of the whole matrix.
    pub fn view(&self) -> FeaturesView<'_> {
        FeaturesView {
            frames: self.frames,
            bins: self.bins,
            values: &self.values,
        }
    }
}

/// Borrowed features, row-major `[frames, bins]`, in place in a mapped pack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeaturesView<'a> {
    /// Number of frames (rows).
    pub frames: usize,
    /// Coefficients per frame (columns).
    pub bins: usize,
    /// `frames * bins` values, one frame after another.
    pub values: &'a [f32],
}
