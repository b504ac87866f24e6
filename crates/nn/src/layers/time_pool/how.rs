//! The ways in which frames become one vector without anything that is learned.

use serde::{Deserialize, Serialize};

/// How frames become one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimePool {
    /// State after the last frame of the forward direction, after the first frame of the backward one.
    LastStates,
    /// Mean over the utterance's own frames.
    #[default]
    Mean,
}
