//! How much memory a layer needs in training, for the estimate before it starts.

/// How often gradients of a layer's parameters exist at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// Once for each share of a batch.
    Shares,
    /// Once for each group of sequences.
    Groups,
}

/// Values that a layer keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// For each parameter, values of its packed forms.
    pub packed: f64,
    /// Gradients at once.
    pub copies: Copies,
    /// For each frame that goes in, values that the backward pass needs.
    pub kept_before: f64,
    /// For each frame that comes out, values that the backward pass needs.
    pub kept_after: f64,
    /// For each frame that goes in, values that a thread needs only while it computes the layer.
    pub working: f64,
    /// For each frame that goes in, values of a pass without a backward pass.
    pub predicting: f64,
    /// Frames that come out for each that goes in.
    pub rate: f64,
}

impl Cost {
    /// That of a layer that computes each frame by itself and keeps `kept` values of it.
    pub fn of_frames(input: usize, kept: usize) -> Self {
        Self {
            packed: 1.0,
            copies: Copies::Shares,
            kept_before: (input + kept) as f64,
            kept_after: 0.0,
            working: input as f64,
            predicting: (input + kept) as f64,
            rate: 1.0,
        }
    }
}
