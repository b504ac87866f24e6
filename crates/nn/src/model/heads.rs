//! Fully connected layers on dfdx's tape: emotion classifier, attribute heads, discriminators.

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::Array;
use super::dense_tape::{Learns, Matrix, dense};
use super::optimiser::{Step, sum_of_squares};
use super::parameter::{Parameter, Part};

/// Values of a fully connected layer, `torch.nn.Linear`: weight `[outputs, inputs]` and bias `[outputs]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// Length of its input.
    pub inputs: usize,
    /// Length of its output.
    pub outputs: usize,
    /// Weight, row-major.
    pub weight: Vec<f32>,
    /// Bias.
    pub bias: Vec<f32>,
}

impl Dense {
    /// Values of weight and bias.
    pub fn parameters(&self) -> usize {
        self.weight.len() + self.bias.len()
    }

    /// `x Wᵀ + b` for `x` `[rows, inputs]`.
    pub fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut packed = pipe_foundation::matmul::Packed::default();
        packed.pack(&self.weight, self.inputs, self.outputs, 1, self.inputs);
        let rows = x.len() / self.inputs.max(1);
        let mut out: Vec<f32> = self
            .bias
            .iter()
            .copied()
            .cycle()
            .take(rows * self.outputs)
            .collect();
        pipe_foundation::matmul::multiply(
            rows,
            x,
            self.inputs,
            &packed,
            &mut out,
            self.outputs,
            true,
        );
        out
    }

    /// Weight and bias as named arrays.
    pub fn to_arrays(&self, name: &str) -> [Array; 2] {
        [
            Array {
                name: format!("{name}.weight"),
                shape: vec![self.outputs, self.inputs],
                values: self.weight.clone(),
            },
            Array {
                name: format!("{name}.bias"),
                shape: vec![self.outputs],
                values: self.bias.clone(),
            },
        ]
    }

    /// Takes weight and bias from named arrays of exactly this layer's shape.
    ///
    /// # Errors
    /// The reason as a lower-case fragment.
    pub fn set<'a>(
        &mut self,
        name: &str,
        find: impl Fn(&str) -> Option<&'a Array>,
    ) -> Result<(), String> {
        for wanted in self.to_arrays(name) {
            let array = wanted.found_by(&find)?;
            if wanted.shape.len() == 2 {
                self.weight.copy_from_slice(&array.values);
            } else {
                self.bias.copy_from_slice(&array.values);
            }
        }
        Ok(())
    }
}

/// A fully connected layer in training.
pub(super) struct Linear {
    weight: Parameter<(usize, usize)>,
    bias: Parameter<(usize,)>,
}

impl Linear {
    pub(super) fn new(device: &Cpu, dense: &Dense) -> Result<Self, CpuError> {
        Ok(Self {
            weight: Parameter::new(device, dense.weight.clone(), (dense.outputs, dense.inputs))?,
            bias: Parameter::new(device, dense.bias.clone(), (dense.outputs,))?,
        })
    }

    pub(super) fn dense(&self) -> Dense {
        self.part(Part::Values)
    }

    /// One part of every value, in the layer's shape.
    pub(super) fn part(&self, part: Part) -> Dense {
        let (outputs, inputs) = *self.weight.shape();
        Dense {
            inputs,
            outputs,
            weight: self.weight.part(part).to_vec(),
            bias: self.bias.part(part).to_vec(),
        }
    }

    pub(super) fn set_part(&mut self, part: Part, dense: Dense) {
        self.weight.set_part(part, dense.weight);
        self.bias.set_part(part, dense.bias);
    }

    /// `x Wᵀ + b` on the tape.
    pub(super) fn forward<T>(&self, x: Matrix<T>, learns: Learns) -> Result<Matrix<T>, CpuError>
    where
        T: Tape<f32, Cpu> + Merge<T>,
    {
        dense(x, &self.weight, &self.bias, learns)
    }

    pub(super) fn sum_of_squares(&self, grads: &mut Gradients<f32, Cpu>) -> Result<f64, CpuError> {
        Ok(sum_of_squares(self.weight.gradient(grads)?)
            + sum_of_squares(self.bias.gradient(grads)?))
    }

    #[cfg(test)]
    pub(super) fn gradients(&self, grads: &mut Gradients<f32, Cpu>) -> Result<Dense, CpuError> {
        let mut dense = self.dense();
        dense.weight = self.weight.gradient(grads)?.to_vec();
        dense.bias = self.bias.gradient(grads)?.to_vec();
        Ok(dense)
    }

    pub(super) fn update(
        &mut self,
        step: &Step,
        grads: &mut Gradients<f32, Cpu>,
        scale: f32,
    ) -> Result<(), CpuError> {
        self.weight.update(step, grads, scale)?;
        self.bias.update(step, grads, scale)
    }
}

/// Layers in a row with ReLU between them, none after the last.
pub(super) fn chain<T>(
    layers: &[Linear],
    mut x: Matrix<T>,
    learns: Learns,
) -> Result<Matrix<T>, CpuError>
where
    T: Tape<f32, Cpu> + Merge<T>,
{
    for (index, layer) in layers.iter().enumerate() {
        if index > 0 {
            x = x.try_relu()?;
        }
        x = layer.forward(x, learns)?;
    }
    Ok(x)
}
