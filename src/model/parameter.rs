//! Trainable arrays and the optimiser that moves them.

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::Workers;

/// Values that one task updates or sums; part of the result's bits, so never changed lightly.
const BLOCK: usize = 1 << 16;

/// Stochastic gradient descent with momentum as `torch.optim.SGD`: `v = momentum v + g; w = w - rate v`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate.
    pub learning_rate: f32,
    /// Momentum.
    pub momentum: f32,
}

impl Sgd {
    /// One step over flat values; the gradient is scaled first (1 without clipping).
    pub fn update(&self, values: &mut [f32], velocity: &mut [f32], gradient: &[f32], scale: f32) {
        for ((value, v), g) in values.iter_mut().zip(velocity).zip(gradient) {
            *v = self.momentum * *v + scale * g;
            *value -= self.learning_rate * *v;
        }
    }
}

/// One step over many flat values, on all threads.
pub(super) fn update_on(
    workers: &Workers,
    sgd: Sgd,
    values: &mut [f32],
    velocity: &mut [f32],
    gradient: &[f32],
    scale: f32,
) {
    let blocks = values.chunks_mut(BLOCK).zip(velocity.chunks_mut(BLOCK));
    let mut blocks: Vec<_> = blocks.zip(gradient.chunks(BLOCK)).collect();
    workers.for_each(&mut blocks, |_, ((values, velocity), gradient)| {
        sgd.update(values, velocity, gradient, scale);
    });
}

/// [`sum_of_squares`] of many values, on all threads; block by block, so the same bits whatever their number.
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

/// A tensor that is trained; its values are also kept here, where the tape's copy cannot hold them up.
pub(super) struct Parameter<S: Shape> {
    tensor: Tensor<S, f32, Cpu>,
    values: Vec<f32>,
    velocity: Vec<f32>,
}

impl<S: Shape> Parameter<S> {
    pub(super) fn new(device: &Cpu, values: Vec<f32>, shape: S) -> Result<Self, CpuError> {
        Ok(Self {
            tensor: device.try_tensor_from_vec(values.clone(), shape)?,
            velocity: vec![0.0; values.len()],
            values,
        })
    }

    pub(super) fn tensor(&self) -> &Tensor<S, f32, Cpu> {
        &self.tensor
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(super) fn gradient<'a>(
        &self,
        grads: &'a mut Gradients<f32, Cpu>,
    ) -> Result<&'a [f32], CpuError> {
        Ok(grads.get_or_alloc_mut(&self.tensor)?)
    }

    pub(super) fn update(
        &mut self,
        sgd: Sgd,
        grads: &mut Gradients<f32, Cpu>,
        scale: f32,
    ) -> Result<(), CpuError> {
        let gradient = grads.get_or_alloc_mut(&self.tensor)?;
        sgd.update(&mut self.values, &mut self.velocity, gradient, scale);
        self.tensor.copy_from(&self.values);
        Ok(())
    }
}
