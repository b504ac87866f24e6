//! Units whose results the remote cache has, in one run.

use std::collections::HashSet;

use pipe_foundation::Digest;

/// Units that wait for the remote cache.
#[derive(Default)]
pub struct Fetching {
    /// Units, and the keys of their results; without one where only the index is waited for.
    pub waiting: Vec<(usize, Option<Digest>)>,
    /// Units that have been looked for: what did not come is computed.
    pub tried: HashSet<usize>,
    /// Whether a thread fetches; one does, so that what gathers meanwhile goes together.
    pub is_at_work: bool,
}
