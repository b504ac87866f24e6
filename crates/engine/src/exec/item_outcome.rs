//! What became of an item in a group of steps.

use pipe_foundation::Digest;

use crate::artifact::{BadItem, Item};
use crate::cache::items::Location;

/// What became of one item at one step.
pub enum Outcome {
    /// It has a result.
    Done {
        /// The item.
        item: Item,
        /// Where its bytes are, if they are kept.
        location: Option<Location>,
        /// Its key.
        key: Digest,
        /// False when the result was in the cache.
        computed: bool,
    },
    /// It was set aside.
    Bad {
        /// Which, and why.
        item: BadItem,
        /// Whether the reason was remembered.
        permanent: bool,
    },
    /// It has none yet: the walk is dry, or was ended.
    Missing,
}
