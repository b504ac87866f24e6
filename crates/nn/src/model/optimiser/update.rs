//! One step of an optimiser: how far it goes, and its numbers once they are worked out.

use super::block::Block;
use super::chosen::Optimiser;
use super::kind::{Numbers, StepSize};

/// One step: by which optimiser, and how far.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The optimiser.
    pub optimiser: Optimiser,
    /// Learning rate.
    pub learning_rate: f64,
    /// Weight decay of every value, biases too, as PyTorch when it is given all parameters.
    pub weight_decay: f64,
}

impl Update {
    /// The step with number `count`, from 1.
    pub(in crate::model) fn step(&self, count: u64) -> Step {
        let size = StepSize {
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            count,
        };
        Step {
            numbers: self.optimiser.rule().numbers(size),
            optimiser: self.optimiser.clone(),
        }
    }
}

/// One step with its numbers worked out.
#[derive(Clone, Debug)]
pub struct Step {
    optimiser: Optimiser,
    numbers: Numbers,
}

impl Step {
    /// Whether it needs a second number of each value.
    pub fn has_second_moment(&self) -> bool {
        self.optimiser.kind().has_second_moment
    }

    /// Moves the values of a block; the gradient is scaled first.
    pub fn update(&self, block: &mut Block<'_>, scale: f32) {
        let rule = self.optimiser.rule();
        rule.update(&self.numbers, block, scale);
    }

    /// The name of its kernel.
    #[cfg(feature = "cuda")]
    pub fn kernel(&self) -> Option<&'static str> {
        self.optimiser.kind().kernel
    }

    /// Its numbers as the kernel reads them.
    #[cfg(feature = "cuda")]
    pub fn numbers(&self) -> Numbers {
        self.numbers
    }
}
