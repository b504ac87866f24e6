//! Half a cosine over the epochs, without restarts (Loshchilov and Hutter, 2017, eq. 5; `CosineAnnealingLR` with `T_max =
//! epochs - 1`).

use pipe_foundation::exact::cos_turns;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use pipe_foundation::keys::{Key, Values};

use super::kind::{self, Schedule, ScheduleKind};

/// From 1 at the first to `end_factor` at the last possible epoch.
pub const KIND: ScheduleKind = ScheduleKind {
    name: "cosine",
    doc: "Half a cosine down to the last possible epoch (Loshchilov and Hutter, 2017).",
    keys: &[Key::default(
        "end_factor",
        Values::FRACTION,
        "0.0",
        "Factor at the last possible epoch.",
    )],
    read: kind::read::<Cosine>,
};

/// Its keys.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cosine {
    /// Value at the last possible epoch.
    end_factor: f64,
}

impl Schedule for Cosine {
    fn factor(&self, epoch: usize, epochs: usize) -> f64 {
        if epochs < 2 {
            return 1.0;
        }
        let turns = epoch as f64 / (epochs - 1) as f64 / 2.0;
        self.end_factor + (1.0 - self.end_factor) * (1.0 + cos_turns(turns)) / 2.0
    }

    fn is_tied_to_epochs(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<&'static str> {
        let fits = (0.0..=1.0).contains(&self.end_factor);
        (!fits).then_some("needs an end_factor from 0 to 1")
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}
