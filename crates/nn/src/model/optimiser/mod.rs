//! How gradients move values: the rule, the learning rate, weight decay, and what is remembered of each value.
//!
//! Every rule is computed value by value from IEEE basic operations, so its bits depend on nothing but its input.

mod adam;
mod sgd;

use std::ops::Range;

pub use adam::Adam;
use pipe_foundation::Workers;
pub use sgd::Sgd;

use adam::AdamStep;

/// Values that one task updates or sums; part of the result's bits, so never changed lightly.
const BLOCK: usize = 1 << 16;

/// The rule of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Gradient descent with momentum, `torch.optim.SGD`.
    Sgd {
        /// Momentum.
        momentum: f64,
    },
    /// `torch.optim.Adam`: weight decay is added to the gradient.
    Adam(Adam),
    /// `torch.optim.AdamW`: weight decay shrinks the values, apart from the gradient.
    AdamW(Adam),
}

/// One step: its rule and how far it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// The rule.
    pub rule: Rule,
    /// Learning rate.
    pub learning_rate: f64,
    /// Weight decay of every value, biases too, as PyTorch when it is given all parameters.
    pub weight_decay: f64,
}

impl From<Sgd> for Update {
    fn from(sgd: Sgd) -> Self {
        Self {
            rule: Rule::Sgd {
                momentum: sgd.momentum.into(),
            },
            learning_rate: sgd.learning_rate.into(),
            weight_decay: 0.0,
        }
    }
}

impl Update {
    /// The step with number `count`, from 1.
    pub(super) fn step(&self, count: u64) -> Step {
        let (rate, decay) = (self.learning_rate, self.weight_decay);
        match self.rule {
            Rule::Sgd { momentum } => Step::Sgd(
                Sgd {
                    learning_rate: rate as f32,
                    momentum: momentum as f32,
                },
                decay as f32,
            ),
            Rule::Adam(adam) => Step::Adam(AdamStep::new(adam, rate, decay, count, false)),
            Rule::AdamW(adam) => Step::Adam(AdamStep::new(adam, rate, decay, count, true)),
        }
    }
}

/// One step with its numbers worked out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Sgd(Sgd, f32),
    Adam(AdamStep),
}

/// What a rule remembers of each value.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    /// Velocity, or mean of the gradient.
    pub(super) first: Vec<f32>,
    /// Mean of the squared gradient; empty where the rule has none.
    pub(super) second: Vec<f32>,
}

impl Moments {
    /// Forgets what is remembered of the values at these places.
    pub(super) fn clear(&mut self, range: Range<usize>) {
        for moment in [&mut self.first, &mut self.second] {
            if let Some(own) = moment.get_mut(range.clone()) {
                own.fill(0.0);
            }
        }
    }

    /// Nothing remembered yet of `count` values.
    pub(super) fn new(count: usize) -> Self {
        Self {
            first: vec![0.0; count],
            second: Vec::new(),
        }
    }

    /// Cuts values, moments and gradient into blocks that can be moved apart from each other.
    fn blocks<'a>(
        &'a mut self,
        step: &Step,
        values: &'a mut [f32],
        gradient: &'a [f32],
    ) -> Vec<Block<'a>> {
        if matches!(step, Step::Adam(_)) && self.second.is_empty() {
            self.second = vec![0.0; self.first.len()];
        }
        let seconds = self.second.chunks_mut(BLOCK).map(Some);
        let seconds = seconds.chain(std::iter::repeat_with(|| None));
        values
            .chunks_mut(BLOCK)
            .zip(self.first.chunks_mut(BLOCK))
            .zip(seconds)
            .zip(gradient.chunks(BLOCK))
            .map(|(((values, first), second), gradient)| Block {
                values,
                first,
                second: second.unwrap_or_default(),
                gradient,
            })
            .collect()
    }

    /// One step of flat values; the gradient is scaled first (1 without clipping).
    pub(super) fn update(&mut self, step: &Step, values: &mut [f32], gradient: &[f32], scale: f32) {
        for mut block in self.blocks(step, values, gradient) {
            block.update(step, scale);
        }
    }

    /// [`Self::update`] on all threads.
    pub(super) fn update_on(
        &mut self,
        workers: &Workers,
        step: &Step,
        values: &mut [f32],
        gradient: &[f32],
        scale: f32,
    ) {
        let mut blocks = self.blocks(step, values, gradient);
        workers.for_each(&mut blocks, |_, block| block.update(step, scale));
    }
}

/// Values that one task moves.
struct Block<'a> {
    values: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    gradient: &'a [f32],
}

impl Block<'_> {
    fn update(&mut self, step: &Step, scale: f32) {
        match step {
            Step::Sgd(sgd, decay) => {
                sgd.update(self.values, self.first, self.gradient, scale, *decay);
            }
            Step::Adam(adam) => {
                adam.update(self.values, self.first, self.second, self.gradient, scale);
            }
        }
    }
}

/// Sum of squares of many values, on all threads; block by block, so the same bits whatever their number.
pub(super) fn sum_of_squares_on(workers: &Workers, values: &[f32]) -> f64 {
    let mut sums: Vec<_> = values.chunks(BLOCK).map(|block| (block, 0.0)).collect();
    workers.for_each(&mut sums, |_, (block, sum)| *sum = sum_of_squares(block));
    sums.iter().map(|(_, sum)| sum).sum()
}

/// Sum of squares in a fixed order, in double precision.
pub(super) fn sum_of_squares(values: &[f32]) -> f64 {
    let mut lanes = [0f64; 8];
    let (chunks, rest) = values.as_chunks::<8>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(*value) * f64::from(*value);
        }
    }
    let tail: f64 = rest.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    lanes.iter().sum::<f64>() + tail
}

#[cfg(test)]
mod tests;
