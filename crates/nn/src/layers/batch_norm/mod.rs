//! Batch normalisation (Ioffe and Szegedy, 2015; `torch.nn.BatchNorm1d`): each value of a frame, or of the vector after the
//! pooling, to mean 0 and variance 1 over all frames of the batch, then a scale and an offset of each value. Predictions
//! take the running mean and variance of training, which are measured, not learned, so that every utterance has the same
//! bits whatever the others are.

#[cfg(feature = "cuda")]
mod cuda_kernel;
#[cfg(test)]
pub(super) mod naive;
mod statistics;

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
use statistics::Statistics;

/// Each value to mean 0 and variance 1 over the batch.
pub const KIND: Kind = Kind {
    name: "batch_norm",
    doc: "Batch normalisation: each value to mean 0 and variance 1 over all frames of the batch, then a learned scale and offset; predictions take the running mean and variance of training.",
    keys: &[
        Key::default(
            "epsilon",
            Values::Float {
                min: 1e-12,
                max: 1.0,
            },
            "0.00001",
            "Added to the variance.",
        ),
        Key::default(
            "momentum",
            Values::Float {
                min: 1e-6,
                max: 1.0,
            },
            "0.1",
            "Share of a batch in the running mean and variance.",
        ),
    ],
    place: Place::Anywhere,
    read: kind::read::<BatchNorm>,
    kernels: include_str!("batch_norm.cu"),
    example: r#"[{"layer":"batch_norm"},{"layer":"conv","channels":6,"width":3},{"layer":"batch_norm"},
        {"layer":"lstm","units":4},{"layer":"batch_norm","momentum":0.3},{"layer":"lstm","units":3},
        {"layer":"time_pool","how":"mean"},{"layer":"batch_norm","epsilon":0.001},{"layer":"linear","units":5}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchNorm {
    /// Added to the variance.
    #[serde(default = "usual_epsilon")]
    epsilon: f64,
    /// Share of a batch in the running values.
    #[serde(default = "usual_momentum")]
    momentum: f64,
}

fn usual_epsilon() -> f64 {
    1e-5
}

fn usual_momentum() -> f64 {
    0.1
}

impl Options for BatchNorm {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        for (name, value, least) in [
            ("epsilon", self.epsilon, 1e-12),
            ("momentum", self.momentum, 1e-6),
        ] {
            if !(least..=1.0).contains(&value) {
                return Err(format!("{name} is {value}; expected {least:e} to 1"));
            }
        }
        Ok(vec![Arc::new(SizedNorm {
            before: *before,
            epsilon: self.epsilon,
            momentum: self.momentum,
        })])
    }

    fn description(&self) -> String {
        "batch normalisation".into()
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// A normalisation and the width of its frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedNorm {
    before: Before,
    epsilon: f64,
    momentum: f64,
}

impl SizedNorm {
    /// Scale, offset, running mean and running variance.
    fn arrays_of<'a>(&self, values: &'a [f32]) -> [&'a [f32]; 4] {
        let width = self.before.width;
        std::array::from_fn(|at| &values[at * width..][..width])
    }
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
        let array = |name: &str| ArrayShape::new(name, &[self.before.width]);
        vec![
            array("weight"),
            array("bias"),
            array("running_mean").measured(),
            array("running_var").measured(),
        ]
    }

    fn first_values(&self, _: &FirstValues<'_>, values: &mut [f32]) {
        let width = self.before.width;
        values[..width].fill(1.0);
        values[3 * width..].fill(1.0);
    }

    fn cost(&self) -> Cost {
        Cost::of_frames(self.before.width, 2 * self.before.width)
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::ChannelsFirst);
        let arrays = ["weight", "bias", "running_mean", "running_var"];
        let [weight, bias, mean, variance] = arrays.map(|name| export.constant(name));
        let attributes = [("epsilon", Attribute::Float(self.epsilon as f32))];
        let inputs = [&x.name, &weight, &bias, &mean, &variance].map(String::as_str);
        let name = export.node("BatchNormalization", "normalised", &inputs, &attributes);
        Signal { name, ..x }
    }

    fn run(&self) -> Run<'_> {
        Run::Batch(self)
    }
}

impl FrameLayer for SizedNorm {
    /// The scales.
    type Weights = Vec<f32>;
    type Kept = Statistics;
    type Scratch = ();

    fn pack(&self, values: &[f32], _: bool, _: bool, weights: &mut Vec<f32>) {
        weights.clear();
        weights.extend_from_slice(&values[..self.before.width]);
    }

    fn forward(
        &self,
        values: &[f32],
        _: &Vec<f32>,
        share: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Statistics,
        (): &mut (),
    ) {
        let [scale, offset, mean, variance] = self.arrays_of(values);
        let mut rows = input.to_rows();
        match share.seed {
            Some(_) => kept.normalise(&mut rows, scale, offset, self.epsilon),
            None => statistics::apply(&mut rows, [scale, offset, mean, variance], self.epsilon),
        }
        output.set_rows(&rows);
    }

    fn backward(
        &self,
        scale: &Vec<f32>,
        _: Share<'_>,
        _: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Statistics,
        gradients: Gradients<'_>,
        (): &mut (),
    ) {
        let width = self.before.width;
        let (learned, measured) = gradients.values.split_at_mut(2 * width);
        let (of_scale, of_offset) = learned.split_at_mut(width);
        measured.fill(0.0);
        let mut rows = grad_output.to_rows();
        kept.backward(&mut rows, scale, of_scale, of_offset);
        if let Some(input) = gradients.input {
            input.set_rows(&rows);
        }
    }

    fn measure(&self, values: &mut [f32], kept: &Statistics) {
        let (mean, variance) = values[2 * self.before.width..].split_at_mut(self.before.width);
        kept.move_towards(mean, variance, self.momentum);
    }
}

#[cfg(test)]
mod tests;
