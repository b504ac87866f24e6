//! Steps of the learning rate (`torch.optim.lr_scheduler.StepLR`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use pipe_foundation::keys::{Key, Values};

use super::kind::{self, Schedule, ScheduleKind};

/// `factor` once more after every `every_epochs` epochs.
pub const KIND: ScheduleKind = ScheduleKind {
    name: "step",
    doc: "Multiplied by `factor` after every `every_epochs` epochs.",
    keys: &[
        Key::required(
            "every_epochs",
            Values::Integer {
                min: 1,
                max: 1_000_000,
            },
            "Epochs between changes.",
        ),
        Key::required("factor", Values::FRACTION, "Factor of each change."),
    ],
    read: kind::read::<Step>,
};

/// Its keys.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Epochs between changes.
    every_epochs: usize,
    /// Factor of each change.
    factor: f64,
}

impl Schedule for Step {
    fn factor(&self, epoch: usize, _: usize) -> f64 {
        let changes = 0..epoch / self.every_epochs.max(1);
        changes.fold(1.0, |product, _| product * self.factor)
    }

    fn problem(&self) -> Option<&'static str> {
        let fits = self.every_epochs > 0 && (0.0..=1.0).contains(&self.factor);
        (!fits).then_some("needs a factor from 0 to 1 and at least one epoch between changes")
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}
