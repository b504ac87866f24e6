//! AdamW (Loshchilov and Hutter, 2019), as `torch.optim.AdamW`: weight decay shrinks the values, apart from the gradient.

use serde::Deserialize;

use super::adam::{self, Adam, Decay};
use super::block::Block;
use super::kind::{Numbers, OptimiserKind, Rule, StepSize, read};

/// Weight decay apart from the gradient.
pub const KIND: OptimiserKind = OptimiserKind {
    name: "adamw",
    doc: "Adam with decoupled weight decay, Loshchilov and Hutter (2019).",
    read: read::<AdamW>,
    ..adam::KIND
};

/// Its keys are Adam's.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
struct AdamW(Adam);

impl Rule for AdamW {
    fn numbers(&self, size: StepSize) -> Numbers {
        self.0.step_numbers(size, Decay::OfValues)
    }

    fn update(&self, numbers: &Numbers, block: &mut Block<'_>, scale: f32) {
        adam::update(numbers, block, scale);
    }
}
