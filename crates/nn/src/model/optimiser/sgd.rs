//! Stochastic gradient descent with momentum and weight decay, as `torch.optim.SGD`: `v = momentum v + g; w = w - rate v`.

use serde::Deserialize;

use pipe_foundation::keys::{Key, Values};

use super::block::Block;
use super::kind::{Numbers, OptimiserKind, Rule, StepSize, read};

/// The default.
pub const KIND: OptimiserKind = OptimiserKind {
    name: "sgd",
    doc: "with momentum.",
    keys: &[Key::default(
        "momentum",
        Values::BELOW_ONE,
        "0.9",
        "Momentum of SGD.",
    )],
    has_second_moment: false,
    kernel: Some("sgd"),
    read: read::<Sgd>,
};

/// Its keys.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sgd {
    /// Momentum.
    momentum: f64,
}

impl Rule for Sgd {
    fn numbers(&self, size: StepSize) -> Numbers {
        let rate = size.learning_rate as f32;
        let (momentum, decay) = (self.momentum as f32, size.weight_decay as f32);
        [rate, momentum, decay, 0.0, 0.0, 0.0, 0.0, 0.0]
    }

    fn update(&self, numbers: &Numbers, block: &mut Block<'_>, scale: f32) {
        let [rate, momentum, decay, ..] = *numbers;
        let velocity = block.first.iter_mut();
        let all = block.values.iter_mut().zip(velocity).zip(block.gradient);
        if decay == 0.0 {
            for ((value, v), g) in all {
                *v = momentum * *v + scale * g;
                *value -= rate * *v;
            }
            return;
        }
        for ((value, v), g) in all {
            *v = momentum * *v + (scale * g + decay * *value);
            *value -= rate * *v;
        }
    }
}
