//! What a person, and the log of a run, should know of a remote cache.

/// Something happened between the cache and its remote one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It is not used any more in this run.
    Off {
        /// Why.
        reason: String,
    },
    /// Parts of its index are not used, so that what only they name counts as missing.
    Refused {
        /// How many.
        segments: usize,
        /// Why.
        reason: String,
    },
    /// Parts of it did not come, or not as its index says they are.
    Damaged {
        /// How many.
        parts: usize,
    },
    /// Results and items came from it.
    Fetched(Transfer),
    /// Results and items went to it.
    Pushed(Transfer),
    /// Results are not there yet, and were to be.
    Left {
        /// How many.
        results: usize,
        /// Why.
        reason: String,
    },
}

/// What was moved at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Results of steps.
    pub results: usize,
    /// Items.
    pub items: usize,
    /// Bytes of their content.
    pub bytes: u64,
}
