//! From which epoch on the weights that are kept are selected.

use serde::{Deserialize, Serialize};

/// The first epoch whose weights may be kept. Before it patience does not count; the best epoch before it is kept only
/// where training ends earlier.
///
/// While alpha still rises, the validation score says little about the network that is wanted: with gradient reversal the
/// best epoch is often one in which the reversal had hardly begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SelectFrom {
    /// An epoch, counted from 1.
    Epoch(usize),
    /// Where something else has an end.
    Rule(SelectionRule),
}

/// What selection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectionRule {
    /// Alpha has its last value.
    RampEnd,
}
