//! What the variants of a report are compared with.

use serde::{Deserialize, Serialize};

/// A variant that others are compared with, or a value of an axis: each variant is then compared with the one that differs
/// from it in this axis alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The axis of the matrix.
    pub axis: String,
    /// Its value.
    pub value: String,
}
