//! What the cache says of a step that is to be made.

use pipe_foundation::Digest;
use serde_json::Value as Json;

use crate::artifact::FingerprintInputs;

use super::items::StepTag;
use super::lock::Lock;
use super::records::StepRecord;

/// What the cache says of a step: its result, or the only right to write one.
pub enum Lookup {
    /// It is done.
    Hit(Box<StepRecord>),
    /// It has to run.
    Miss(Reservation),
}

/// The right to record a result under one key; while it lives, other runs wait.
pub struct Reservation {
    pub(super) fingerprint: FingerprintInputs,
    pub(super) composition: Option<Json>,
    pub(super) step_tag: Option<StepTag>,
    pub(super) device: Option<String>,
    pub(super) checkpoint: Option<Digest>,
    pub(super) lock: Lock,
}
