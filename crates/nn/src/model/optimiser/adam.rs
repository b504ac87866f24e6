//! Adam (Kingma and Ba, 2015), as `torch.optim.Adam`: weight decay is added to the gradient.

use serde::Deserialize;

use pipe_foundation::keys::{Key, Values};

use super::block::Block;
use super::kind::{Numbers, OptimiserKind, Rule, StepSize, read};

/// Decay of the gradient's mean.
const BETA1: Key = Key::default(
    "beta1",
    Values::BELOW_ONE,
    "0.9",
    "Decay of the gradient's mean in Adam.",
);

/// Decay of the squared gradient's mean.
const BETA2: Key = Key::default(
    "beta2",
    Values::BELOW_ONE,
    "0.999",
    "Decay of the squared gradient's mean in Adam.",
);

/// What is added to the root of a mean of squared gradients.
pub const EPSILON: Key = Key::default(
    "epsilon",
    Values::Float {
        min: 1e-30,
        max: 1.0,
    },
    "1e-8",
    "Added to the root of the squared gradient's mean, in optimisers that have one.",
);

/// The keys of Adam and AdamW.
pub const KEYS: &[Key] = &[BETA1, BETA2, EPSILON];

/// Weight decay as part of the gradient.
pub const KIND: OptimiserKind = OptimiserKind {
    name: "adam",
    doc: "Kingma and Ba (2015).",
    keys: KEYS,
    has_second_moment: true,
    kernel: Some("adam"),
    read: read::<Adam>,
};

/// The keys of Adam and AdamW, read.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adam {
    /// Decay of the gradient's mean.
    beta1: f64,
    /// Decay of the squared gradient's mean.
    beta2: f64,
    /// Added to the root of the squared gradient's mean.
    epsilon: f64,
}

/// Where weight decay acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
    /// It is added to the gradient.
    OfGradient,
    /// It shrinks the values, apart from the gradient.
    OfValues,
}

impl Adam {
    /// What is done to a value, in this order: the two numbers of the gradient's mean and of its square's, learning rate
    /// over `1 - beta1^t`, root of `1 - beta2^t`, epsilon, weight decay that is added to the gradient, and what values are
    /// multiplied by before the step.
    pub fn step_numbers(&self, size: StepSize, decay: Decay) -> Numbers {
        let StepSize {
            learning_rate,
            weight_decay,
            count,
        } = size;
        [
            (1.0 - self.beta1) as f32,
            self.beta2 as f32,
            (1.0 - self.beta2) as f32,
            (learning_rate / (1.0 - power(self.beta1, count))) as f32,
            (1.0 - power(self.beta2, count)).sqrt() as f32,
            self.epsilon as f32,
            match decay {
                Decay::OfGradient => weight_decay as f32,
                Decay::OfValues => 0.0,
            },
            match decay {
                Decay::OfGradient => 1.0,
                Decay::OfValues => (1.0 - learning_rate * weight_decay) as f32,
            },
        ]
    }
}

/// One step of Adam or AdamW.
pub fn update(numbers: &Numbers, block: &mut Block<'_>, scale: f32) {
    let [rest1, beta2, rest2, rate, root, epsilon, coupled, keep] = *numbers;
    let values = block.values.iter_mut();
    let moments = block.first.iter_mut().zip(block.second.iter_mut());
    for ((value, (m, v)), g) in values.zip(moments).zip(block.gradient) {
        let g = scale * g + coupled * *value;
        *value *= keep;
        *m += rest1 * (g - *m);
        *v = beta2 * *v + rest2 * g * g;
        *value -= rate * (*m / (v.sqrt() / root + epsilon));
    }
}

impl Rule for Adam {
    fn numbers(&self, size: StepSize) -> Numbers {
        self.step_numbers(size, Decay::OfGradient)
    }

    fn update(&self, numbers: &Numbers, block: &mut Block<'_>, scale: f32) {
        update(numbers, block, scale);
    }
}

/// `base` to the power of `exponent` by squaring: the same bits everywhere, which `powi` does not promise.
fn power(base: f64, mut exponent: u64) -> f64 {
    let (mut square, mut product) = (base, 1.0);
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    product
}
