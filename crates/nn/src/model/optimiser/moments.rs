//! What an optimiser remembers of each value.

use std::ops::Range;

use pipe_foundation::Workers;

use super::block::{BLOCK, Block};
use super::update::Step;

/// What an optimiser remembers of each value.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    /// The first number, such as a velocity or the mean of the gradient.
    pub first: Vec<f32>,
    /// The second, such as the mean of the squared gradient; empty where the optimiser has none.
    pub second: Vec<f32>,
}

impl Moments {
    /// Forgets what is remembered of the values at these places.
    pub fn clear(&mut self, range: Range<usize>) {
        for moment in [&mut self.first, &mut self.second] {
            if let Some(own) = moment.get_mut(range.clone()) {
                own.fill(0.0);
            }
        }
    }

    /// Nothing remembered yet of `count` values.
    pub fn new(count: usize) -> Self {
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
        if step.has_second_moment() && self.second.is_empty() {
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
    pub fn update(&mut self, step: &Step, values: &mut [f32], gradient: &[f32], scale: f32) {
        for mut block in self.blocks(step, values, gradient) {
            step.update(&mut block, scale);
        }
    }

    /// [`Self::update`] on all threads.
    pub fn update_on(
        &mut self,
        workers: &Workers,
        step: &Step,
        values: &mut [f32],
        gradient: &[f32],
        scale: f32,
    ) {
        let mut blocks = self.blocks(step, values, gradient);
        workers.for_each(&mut blocks, |_, block| step.update(block, scale));
    }
}
