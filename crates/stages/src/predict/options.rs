//! How recordings are predicted.

use super::windows::Windows;

/// How recordings are predicted.
#[derive(Clone, Copy, Debug)]
pub struct PredictOptions {
    /// Windows to cut recordings into; each recording as a whole without them.
    pub windows: Option<Windows>,
    /// Longest recording, or window of one, in seconds. A longer one is refused by its header.
    pub max_duration_s: f64,
    /// Threads; the result does not depend on them.
    pub threads: usize,
}
