//! A fully connected layer with ReLU (`torch.nn.Linear`, `ReLU`), on each frame or on the vector after the pooling.

#[cfg(feature = "cuda")]
mod cuda_kernel;
#[cfg(test)]
mod naive;

use std::sync::Arc;

use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::affine::transposed;
use super::arrays::ArrayShape;
use super::cost::Cost;
use super::first_values::FirstValues;
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, Options, Place, sized};
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;
use pipe_foundation::keys::{Key, Values};

/// Fully connected with ReLU.
pub const KIND: Kind = Kind {
    name: "linear",
    doc: "Fully connected layer with ReLU: on the vector after the pooling, or on each frame before it.",
    keys: &[Key::required("units", Values::POSITIVE, "Output units.")],
    place: Place::Anywhere,
    read: kind::read::<Linear>,
    kernels: include_str!("linear.cu"),
    example: r#"[{"layer":"linear","units":12},{"layer":"time_pool","how":"mean"},{"layer":"linear","units":9}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Linear {
    /// Output units.
    units: usize,
}

impl Options for Linear {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        sized("units", self.units)?;
        Ok(vec![Arc::new(SizedLinear {
            inputs: before.width,
            outputs: self.units,
        })])
    }

    fn description(&self) -> String {
        format!("linear: {} units, ReLU", self.units)
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// Sizes of a fully connected layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedLinear {
    inputs: usize,
    outputs: usize,
}

impl SizedLayer for SizedLinear {
    fn input(&self) -> usize {
        self.inputs
    }

    fn output(&self) -> usize {
        self.outputs
    }

    fn arrays(&self) -> Vec<ArrayShape> {
        vec![
            ArrayShape::new("weight", &[self.outputs, self.inputs]),
            ArrayShape::new("bias", &[self.outputs]),
        ]
    }

    fn first_values(&self, first: &FirstValues<'_>, values: &mut [f32]) {
        let bound = (self.inputs as f64).sqrt().recip();
        first.source("").uniform(bound, values);
    }

    fn cost(&self) -> Cost {
        Cost::of_frames(self.inputs, self.outputs)
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::BatchFirst);
        let bias = export.constant("bias");
        let out = match x.axes {
            Axes::Vectors => {
                let weight = export.constant("weight");
                let turned = [("transB", Attribute::Int(1))];
                let inputs = [&x.name, &weight, &bias].map(String::as_str);
                export
                    .graph
                    .node_with("Gemm", export.name, &inputs, &turned)
            }
            _ => {
                let weight = export.turned("weight");
                let product = export.node("MatMul", "product", &[&x.name, &weight], &[]);
                export.graph.node("Add", export.name, &[&product, &bias])
            }
        };
        let name = export.node("Relu", "relu", &[&out], &[]);
        Signal { name, ..x }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

impl FrameLayer for SizedLinear {
    /// The weight as it is: it is large compared with a batch of vectors, and read in place.
    type Weights = Vec<f32>;
    /// The output `[rows, outputs]`.
    type Kept = Vec<f32>;
    type Scratch = Packed;

    fn pack(&self, values: &[f32], backward: bool, _: bool, weights: &mut Vec<f32>) {
        weights.clear();
        if backward {
            weights.extend_from_slice(&values[..self.inputs * self.outputs]);
        }
    }

    /// Computed as `W xᵀ`.
    fn forward(
        &self,
        values: &[f32],
        _: &Vec<f32>,
        _: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Vec<f32>,
        packed: &mut Packed,
    ) {
        let (inputs, outputs, rows) = (self.inputs, self.outputs, input.rows());
        let (weight, bias) = values.split_at(inputs * outputs);
        packed.pack(input.values(), inputs, rows, 1, inputs);
        let repeated = |&value: &f32| std::iter::repeat_n(value, rows);
        let mut turned: Vec<f32> = bias.iter().flat_map(repeated).collect();
        multiply(outputs, weight, inputs, &*packed, &mut turned, rows, true);
        *kept = transposed(&turned, outputs, rows);
        for value in kept.iter_mut() {
            // A value that is no number stays none, and is found in the loss.
            *value = if *value < 0.0 { 0.0 } else { *value };
        }
        output.set_rows(kept);
    }

    fn backward(
        &self,
        weight: &Vec<f32>,
        _: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Vec<f32>,
        gradients: Gradients<'_>,
        packed: &mut Packed,
    ) {
        let (inputs, outputs, rows) = (self.inputs, self.outputs, input.rows());
        let mut gradient = grad_output.to_rows();
        for (gradient, out) in gradient.iter_mut().zip(kept) {
            *gradient = if *out > 0.0 { *gradient } else { 0.0 };
        }
        if let Some(grad_input) = gradients.input {
            packed.pack(&gradient, outputs, rows, 1, outputs);
            let mut turned = vec![0.0; inputs * rows];
            multiply_transposed(inputs, weight, inputs, &*packed, &mut turned, rows, false);
            grad_input.set_rows(&transposed(&turned, inputs, rows));
        }
        let (of_weight, of_bias) = gradients.values.split_at_mut(inputs * outputs);
        packed.pack(input.values(), rows, inputs, inputs, 1);
        multiply_transposed(
            outputs, &gradient, outputs, &*packed, of_weight, inputs, false,
        );
        of_bias.fill(0.0);
        for row in gradient.chunks_exact(outputs) {
            of_bias.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::agrees_with_naive;

    #[test]
    fn equals_the_naive_version() {
        for (inputs, outputs) in [(1, 1), (5, 3), (3, 17)] {
            let layer = format!(r#"{{"layer":"linear","units":{outputs}}}"#);
            agrees_with_naive(&layer, inputs, 5, |values, frames, _| {
                naive::forward(values, frames, (inputs, outputs))
            });
        }
    }
}
