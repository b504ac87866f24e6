//! How recordings are predicted.

use super::units::OneGroup;
use super::windows::Windows;

/// How recordings are predicted.
#[derive(Clone, Copy, Debug)]
pub struct PredictOptions {
    /// Windows to cut recordings into; each recording as a whole without them.
    pub windows: Option<Windows>,
    /// Longest recording, or window of one, in seconds. A longer one is refused by its header.
    pub max_duration_s: f64,
    /// What is one speaker to a model whose features were normalised over speakers, or the like.
    pub one_group: OneGroup,
    /// Threads; the result does not depend on them.
    pub threads: usize,
}
