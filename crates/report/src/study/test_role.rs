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

impl TestRole {
    /// That of a corpus, from whether each model was trained on it.
    pub(super) fn of(trained_on: impl IntoIterator<Item = bool>) -> Self {
        let (mut by_some, mut not_by_some) = (false, false);
        for trained in trained_on {
            by_some |= trained;
            not_by_some |= !trained;
        }
        match (by_some, not_by_some) {
            (true, true) => Self::Mixed,
            (true, false) => Self::InDomain,
            (false, _) => Self::Unseen,
        }
    }
}
