//! How the learning rate changes: a schedule over the epochs and a warm-up over the first updates.

use pipe_foundation::exact::cos_turns;
use serde::{Deserialize, Serialize};

/// What the learning rate is multiplied by in each epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case", deny_unknown_fields)]
pub enum LearningRateSchedule {
    /// 1.
    #[default]
    Constant,
    /// `factor` once more after every `every_epochs` epochs (`torch.optim.lr_scheduler.StepLR`).
    Step {
        /// Epochs between changes.
        every_epochs: usize,
        /// Factor of each change.
        factor: f64,
    },
    /// Half a cosine from 1 at the first to `end_factor` at the last possible epoch, without restarts
    /// (Loshchilov and Hutter, 2017, eq. 5; `CosineAnnealingLR` with `T_max = epochs - 1`).
    Cosine {
        /// Value at the last possible epoch.
        end_factor: f64,
    },
}

impl LearningRateSchedule {
    /// The factor in `epoch` (from 0) of at most `epochs`.
    pub fn factor(&self, epoch: usize, epochs: usize) -> f64 {
        match *self {
            Self::Constant => 1.0,
            Self::Step {
                every_epochs,
                factor,
            } => (0..epoch / every_epochs.max(1)).fold(1.0, |product, _| product * factor),
            Self::Cosine { .. } if epochs < 2 => 1.0,
            Self::Cosine { end_factor } => {
                let turns = epoch as f64 / (epochs - 1) as f64 / 2.0;
                end_factor + (1.0 - end_factor) * (1.0 + cos_turns(turns)) / 2.0
            }
        }
    }
}

/// Factor of update number `update` (from 0): linear over the first `updates`, 1 after them
/// (Goyal et al., 2017; `LinearLR` with `start_factor = 1 / updates`).
pub(super) fn warm_up(update: usize, updates: usize) -> f64 {
    if update + 1 >= updates {
        return 1.0;
    }
    (update + 1) as f64 / updates as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn agree(name: &str, found: impl Fn(usize) -> f64) {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/golden/optimiser/schedules.json"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = all[name].as_array().unwrap();
        assert_eq!(expected.len(), 12);
        for (at, expected) in expected.iter().enumerate() {
            let (found, expected) = (0.5 * found(at), expected.as_f64().unwrap());
            assert!(
                (found / expected - 1.0).abs() < 1e-12,
                "{name} at {at}: {found}, {expected}"
            );
        }
    }

    #[test]
    fn learning_rate_schedules_agree_with_pytorch() {
        let halves = |every_epochs, factor| LearningRateSchedule::Step {
            every_epochs,
            factor,
        };
        agree("step", |epoch| halves(3, 0.25).factor(epoch, 12));
        let cosine = LearningRateSchedule::Cosine { end_factor: 0.01 };
        agree("cosine", |epoch| cosine.factor(epoch, 12));
        agree("warm_up", |update| warm_up(update, 8));
        agree("warm_up_step", |update| {
            halves(1, 0.5).factor(update / 4, 3) * warm_up(update, 6)
        });
        assert_eq!(LearningRateSchedule::Constant.factor(7, 12), 1.0);
        assert_eq!((warm_up(0, 0), cosine.factor(0, 1)), (1.0, 1.0));
    }
}
