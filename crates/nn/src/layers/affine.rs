//! `x Wᵀ + b` over rows, and the way back: a part of layers that have several of them.

use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

/// Length of the input and of the output.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub inputs: usize,
    pub outputs: usize,
}

impl Sizes {
    /// Values of weight and bias.
    pub fn parameters(self) -> usize {
        self.outputs * (self.inputs + 1)
    }
}

/// Weight `[outputs, inputs]` and bias, packed for the passes.
#[derive(Default)]
pub struct Affine {
    forward: Packed,
    backward: Packed,
    bias: Vec<f32>,
}

impl Affine {
    /// Packs the weight, then the bias of `values`; the form of the backward pass only where it is to come.
    pub fn pack(&mut self, sizes: Sizes, values: &[f32], backward: bool) {
        let Sizes { inputs, outputs } = sizes;
        let (weight, bias) = values[..sizes.parameters()].split_at(inputs * outputs);
        self.forward.pack(weight, inputs, outputs, 1, inputs);
        if backward {
            self.backward.pack(weight, outputs, inputs, inputs, 1);
        }
        self.bias.clear();
        self.bias.extend_from_slice(bias);
    }

    /// `x Wᵀ + b` for `x` `[rows, inputs]`.
    pub fn apply(&self, sizes: Sizes, x: &[f32]) -> Vec<f32> {
        let rows = x.len() / sizes.inputs;
        let mut out: Vec<f32> = Vec::with_capacity(rows * sizes.outputs);
        for _ in 0..rows {
            out.extend_from_slice(&self.bias);
        }
        let (inputs, outputs) = (sizes.inputs, sizes.outputs);
        multiply(rows, x, inputs, &self.forward, &mut out, outputs, true);
        out
    }

    /// Adds dL/dx to `of_x`, from dL/d(output) `[rows, outputs]`.
    pub fn add_input_gradient(&self, sizes: Sizes, gradient: &[f32], of_x: &mut [f32]) {
        let Sizes { inputs, outputs } = sizes;
        let rows = gradient.len() / outputs;
        multiply(rows, gradient, outputs, &self.backward, of_x, inputs, true);
    }
}

/// The gradients of weight, then bias, written over `of_values`.
pub fn parameter_gradients(sizes: Sizes, x: &[f32], gradient: &[f32], of_values: &mut [f32]) {
    let Sizes { inputs, outputs } = sizes;
    let rows = x.len() / inputs;
    let (of_weight, of_bias) = of_values.split_at_mut(inputs * outputs);
    let mut packed = Packed::default();
    packed.pack(x, rows, inputs, inputs, 1);
    multiply_transposed(
        outputs, gradient, outputs, &packed, of_weight, inputs, false,
    );
    of_bias.fill(0.0);
    for row in gradient.chunks_exact(outputs) {
        of_bias.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
    }
}

/// The transpose of a row-major matrix `[rows, columns]`.
pub fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| values[row * columns + column]))
        .collect()
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::*;
    use crate::layers::testing::close;

    #[test]
    fn equals_its_definition_and_its_transposes() {
        let sizes = Sizes {
            inputs: 5,
            outputs: 3,
        };
        let (values, x, g) = (noise(18, 1), noise(20, 2), noise(12, 3));
        let mut affine = Affine::default();
        affine.pack(sizes, &values, true);
        let (mut out, mut of_x, mut of_values) = (vec![0.0; 12], vec![0.5; 20], vec![0.0; 18]);
        for row in 0..4 {
            for o in 0..3 {
                out[row * 3 + o] = values[15 + o];
                for i in 0..5 {
                    out[row * 3 + o] += values[o * 5 + i] * x[row * 5 + i];
                    of_x[row * 5 + i] += values[o * 5 + i] * g[row * 3 + o];
                    of_values[o * 5 + i] += x[row * 5 + i] * g[row * 3 + o];
                }
                of_values[15 + o] += g[row * 3 + o];
            }
        }
        close(&affine.apply(sizes, &x), &out, 1e-6);
        let mut found = vec![0.5; 20];
        affine.add_input_gradient(sizes, &g, &mut found);
        close(&found, &of_x, 1e-6);
        let mut found = vec![7.0; 18];
        parameter_gradients(sizes, &x, &g, &mut found);
        close(&found, &of_values, 1e-6);
    }
}
