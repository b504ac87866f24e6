//! An utterance and its recording, as an audit looks at them.

use std::sync::Arc;

use pipe_foundation::Digest;

use super::measure::{Measures, Unreadable};
use crate::corpus::{AudioSource, Utterance};

/// An utterance with what was measured of its recording.
#[derive(Clone, Debug)]
pub struct Audited {
    /// What is known of it, its split among it.
    pub utterance: Utterance,
    /// Where its recording is.
    pub source: AudioSource,
    /// Digest of all that determines its samples.
    pub digest: Digest,
    /// What was measured of its recording, or why that could not be read.
    pub measured: Arc<Result<Measures, Unreadable>>,
}

impl Audited {
    pub(super) fn measures(&self) -> Option<&Measures> {
        self.measured.as_ref().as_ref().ok()
    }
}
