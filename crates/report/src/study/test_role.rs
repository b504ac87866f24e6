//! Whether models were trained on what they are tested on.

use serde::{Deserialize, Serialize};

/// Whether a test corpus was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestRole {
    /// By no model.
    Unseen,
    /// By some models.
    Mixed,
    /// By every model; its test speakers are held out.
    InDomain,
}
