//! RMSprop (Tieleman and Hinton, 2012), as `torch.optim.RMSprop` without momentum and not centred:
//! `s = a s + (1 - a) g²; w = w - rate g / (√s + epsilon)`.

use serde::Deserialize;

use pipe_foundation::keys::{Key, Values};

use super::adam::EPSILON;
use super::block::Block;
use super::kind::{Numbers, OptimiserKind, Rule, StepSize, read};

/// The gradient over the root of its mean square.
pub const KIND: OptimiserKind = OptimiserKind {
    name: "rmsprop",
    doc: "Tieleman and Hinton (2012), without momentum.",
    keys: &[
        Key::optional(
            "smoothing",
            Values::BELOW_ONE,
            "Decay of the squared gradient's mean in RMSprop, where PyTorch has `alpha`; 0.99 by default.",
        ),
        EPSILON,
    ],
    has_second_moment: false,
    kernel: Some("rmsprop"),
    read: read::<Rmsprop>,
};

/// Its keys.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rmsprop {
    /// Decay of the squared gradient's mean.
    #[serde(default = "usual_smoothing")]
    smoothing: f64,
    /// Added to its root.
    epsilon: f64,
}

fn usual_smoothing() -> f64 {
    0.99
}

impl Rule for Rmsprop {
    fn numbers(&self, size: StepSize) -> Numbers {
        let (rate, decay) = (size.learning_rate as f32, size.weight_decay as f32);
        let (smoothing, rest) = (self.smoothing as f32, (1.0 - self.smoothing) as f32);
        let epsilon = self.epsilon as f32;
        [rate, smoothing, rest, epsilon, decay, 0.0, 0.0, 0.0]
    }

    fn update(&self, numbers: &Numbers, block: &mut Block<'_>, scale: f32) {
        let [rate, smoothing, rest, epsilon, decay, ..] = *numbers;
        let values = block.values.iter_mut().zip(block.first.iter_mut());
        for ((value, mean), g) in values.zip(block.gradient) {
            let g = scale * g + decay * *value;
            *mean = smoothing * *mean + rest * g * g;
            *value -= rate * (g / (mean.sqrt() + epsilon));
        }
    }
}
