//! No schedule: the learning rate stays as it is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kind::{self, Schedule, ScheduleKind};

/// The learning rate unchanged.
pub const KIND: ScheduleKind = ScheduleKind {
    name: "constant",
    doc: "The learning rate unchanged.",
    keys: &[],
    read: kind::read::<Constant>,
};

/// It has no keys.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Constant {}

impl Schedule for Constant {
    fn factor(&self, _: usize, _: usize) -> f64 {
        1.0
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}
