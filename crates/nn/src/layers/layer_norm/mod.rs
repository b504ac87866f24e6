//! Layer normalisation (Ba et al., 2016; `torch.nn.LayerNorm`): each frame, or the vector after the pooling, to mean 0 and
//! variance 1 over its values, then a scale and an offset of each value.

#[cfg(feature = "cuda")]
pub(super) mod cuda_kernel;
#[cfg(test)]
pub(super) mod naive;
pub(super) mod rows;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::arrays::ArrayShape;
use super::cost::Cost;
use super::first_values::FirstValues;
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, Options, Place};
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;
use pipe_foundation::keys::{Key, Values};
use rows::Normalised;

/// Each frame to mean 0 and variance 1.
pub const KIND: Kind = Kind {
    name: "layer_norm",
    doc: "Layer normalisation: each frame to mean 0 and variance 1 over its values, then a learned scale and offset.",
    keys: &[Key::default(
        "epsilon",
        Values::Float {
            min: 1e-12,
            max: 1.0,
        },
        "0.00001",
        "Added to the variance.",
    )],
    place: Place::Anywhere,
    read: kind::read::<LayerNorm>,
    kernels: include_str!("layer_norm.cu"),
    example: r#"[{"layer":"layer_norm"},{"layer":"conv","channels":6,"width":3},{"layer":"layer_norm"},
        {"layer":"lstm","units":4},{"layer":"layer_norm","epsilon":0.001},{"layer":"time_pool","how":"last_states"},
        {"layer":"layer_norm"},{"layer":"linear","units":5}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerNorm {
    /// Added to the variance.
    #[serde(default = "usual")]
    epsilon: f64,
}

fn usual() -> f64 {
    1e-5
}

impl Options for LayerNorm {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        if !(1e-12..=1.0).contains(&self.epsilon) {
            return Err(format!("epsilon is {}; expected 1e-12 to 1", self.epsilon));
        }
        Ok(vec![Arc::new(SizedNorm {
            before: *before,
            epsilon: self.epsilon as f32,
        })])
    }

    fn description(&self) -> String {
        "layer normalisation".into()
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// A normalisation and the width of its frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedNorm {
    before: Before,
    epsilon: f32,
}

impl SizedLayer for SizedNorm {
    fn input(&self) -> usize {
        self.before.width
    }

    fn output(&self) -> usize {
        self.before.width
    }

    fn states(&self) -> Option<usize> {
        self.before.states
    }

    fn arrays(&self) -> Vec<ArrayShape> {
        ["weight", "bias"]
            .map(|name| ArrayShape::new(name, &[self.before.width]))
            .to_vec()
    }

    fn first_values(&self, _: &FirstValues<'_>, values: &mut [f32]) {
        values[..self.before.width].fill(1.0);
    }

    fn cost(&self) -> Cost {
        Cost::of_frames(self.before.width, self.before.width + 1)
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::BatchFirst);
        let (weight, bias) = (export.constant("weight"), export.constant("bias"));
        let attributes = [
            ("axis", Attribute::Int(-1)),
            ("epsilon", Attribute::Float(self.epsilon)),
        ];
        let inputs = [&x.name, &weight, &bias].map(String::as_str);
        let name = export.node("LayerNormalization", "normalised", &inputs, &attributes);
        Signal { name, ..x }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

impl FrameLayer for SizedNorm {
    /// The scales.
    type Weights = Vec<f32>;
    type Kept = Normalised;
    type Scratch = ();

    fn pack(&self, values: &[f32], _: bool, _: bool, weights: &mut Vec<f32>) {
        weights.clear();
        weights.extend_from_slice(&values[..self.before.width]);
    }

    fn forward(
        &self,
        values: &[f32],
        _: &Vec<f32>,
        _: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Normalised,
        (): &mut (),
    ) {
        let (scale, offset) = values.split_at(self.before.width);
        let out = kept.forward(input.values(), scale, offset, self.epsilon);
        output.set_rows(&out);
    }

    fn backward(
        &self,
        scale: &Vec<f32>,
        _: Share<'_>,
        _: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Normalised,
        gradients: Gradients<'_>,
        (): &mut (),
    ) {
        let (of_scale, of_offset) = gradients.values.split_at_mut(self.before.width);
        let gradient = grad_output.to_rows();
        let of_input = kept.backward(&gradient, scale, of_scale, of_offset);
        if let Some(input) = gradients.input {
            input.set_rows(&of_input);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{agrees_with_naive, agrees_with_pytorch};

    #[test]
    fn equals_the_naive_version() {
        for width in [1, 3, 19] {
            let layer = r#"{"layer":"layer_norm"}"#;
            agrees_with_naive(layer, width, 5, |values, frames, _| {
                naive::forward(values, frames, width, 1e-5)
            });
        }
    }

    #[test]
    fn equals_pytorch() {
        agrees_with_pytorch(include_str!("golden.json"));
    }
}
