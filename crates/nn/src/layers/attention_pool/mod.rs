//! Self-attentive pooling (Lin et al., 2017, "A structured self-attentive sentence embedding"): weighted means of the
//! frames, whose weights the layer learns.
//!
//! `e = tanh(x W1ᵀ + b1) W2ᵀ`, `a = softmax over time of e`, and for each of the heads `Σ a x`, side by side. It is
//! `torch.nn.Linear`, `tanh`, `torch.nn.Linear` without bias, `softmax(1)` and a product.

#[cfg(feature = "cuda")]
mod cuda_kernel;
#[cfg(test)]
mod naive;

use std::sync::Arc;

use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::activation::{softmax, tanh_each};
use super::affine::{Affine, Sizes, parameter_gradients};
use super::arrays::ArrayShape;
use super::cost::{Copies, Cost};
use super::first_values::FirstValues;
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, Options, Place, sized};
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;
use super::sums::dot;
use pipe_foundation::keys::{Key, Values};

/// Means with learned weights.
pub const KIND: Kind = Kind {
    name: "attention_pool",
    doc: "One vector from all frames: means of the frames with learned weights (self-attentive pooling, Lin et al. 2017).",
    keys: &[
        Key::default(
            "units",
            Values::POSITIVE,
            "128",
            "Hidden units of the network that gives each frame its weights.",
        ),
        Key::default(
            "heads",
            Values::POSITIVE,
            "1",
            "Means with weights of their own; they stand side by side.",
        ),
    ],
    place: Place::Pooling,
    read: kind::read::<AttentionPool>,
    kernels: include_str!("attention_pool.cu"),
    example: r#"[{"layer":"conv","channels":5,"width":3},{"layer":"attention_pool","units":4,"heads":2},
        {"layer":"linear","units":4}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttentionPool {
    /// Hidden units.
    #[serde(default = "usual_units")]
    units: usize,
    /// Weighted means.
    #[serde(default = "one")]
    heads: usize,
}

fn usual_units() -> usize {
    128
}

fn one() -> usize {
    1
}

impl Options for AttentionPool {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        sized("units", self.units)?;
        sized("heads", self.heads)?;
        sized("the width of all heads", self.heads * before.width)?;
        Ok(vec![Arc::new(SizedAttention {
            width: before.width,
            units: self.units,
            heads: self.heads,
        })])
    }

    fn description(&self) -> String {
        format!(
            "self-attentive pooling over time: heads {}, {} hidden units",
            self.heads, self.units
        )
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// Sizes of an attentive pooling.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedAttention {
    width: usize,
    units: usize,
    heads: usize,
}

impl SizedAttention {
    /// Of the hidden layer.
    fn hidden(&self) -> Sizes {
        Sizes {
            inputs: self.width,
            outputs: self.units,
        }
    }
}

impl SizedLayer for SizedAttention {
    fn input(&self) -> usize {
        self.width
    }

    fn output(&self) -> usize {
        self.width * self.heads
    }

    fn arrays(&self) -> Vec<ArrayShape> {
        vec![
            ArrayShape::new("hidden.weight", &[self.units, self.width]),
            ArrayShape::new("hidden.bias", &[self.units]),
            ArrayShape::new("score.weight", &[self.heads, self.units]),
        ]
    }

    fn first_values(&self, first: &FirstValues<'_>, values: &mut [f32]) {
        let (hidden, score) = values.split_at_mut(self.hidden().parameters());
        let bound = |inputs: usize| (inputs as f64).sqrt().recip();
        first.source(".hidden").uniform(bound(self.width), hidden);
        first.source(".score").uniform(bound(self.units), score);
    }

    fn cost(&self) -> Cost {
        let (width, units, heads) = (self.width as f64, self.units as f64, self.heads as f64);
        Cost {
            packed: 2.0,
            copies: Copies::Shares,
            kept_before: 2.0 * width + units + heads,
            kept_after: 0.0,
            working: width + 2.0 * units + heads,
            predicting: width + units + heads,
            rate: 0.0,
        }
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::BatchFirst);
        let (weight, bias) = (
            export.turned("hidden.weight"),
            export.constant("hidden.bias"),
        );
        let score = export.turned("score.weight");
        let hidden = export.node("MatMul", "hidden.product", &[&x.name, &weight], &[]);
        let hidden = export.node("Add", "hidden.sum", &[&hidden, &bias], &[]);
        let hidden = export.node("Tanh", "hidden", &[&hidden], &[]);
        let scores = export.node("MatMul", "scores", &[&hidden, &score], &[]);
        let over_time = [("axis", Attribute::Int(1))];
        let weights = export.node("Softmax", "weights", &[&scores], &over_time);
        let order = [("perm", Attribute::ints(&[0, 2, 1]))];
        let weights = export.node("Transpose", "weights_of_heads", &[&weights], &order);
        let means = export.node("MatMul", "means", &[&weights, &x.name], &[]);
        let flat = export.named("flat");
        export.graph.ints(&flat, &[2], &[0, -1]);
        Signal {
            name: export.node("Reshape", "pooled", &[&means, &flat], &[]),
            axes: Axes::Vectors,
        }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

/// Packed weights.
#[derive(Default)]
pub(super) struct Weights {
    hidden: Affine,
    score: Packed,
    /// `[heads, units]` for the backward pass.
    score_back: Packed,
}

/// What the forward pass leaves.
#[derive(Default)]
pub(super) struct Kept {
    /// `tanh` of the hidden layer `[rows, units]`.
    hidden: Vec<f32>,
    /// Weights of the frames: for each utterance `[heads, frames]`.
    weights: Vec<f32>,
}

impl FrameLayer for SizedAttention {
    type Weights = Weights;
    type Kept = Kept;
    type Scratch = ();

    fn frames_after(&self, frames: usize) -> usize {
        frames.min(1)
    }

    fn pack(&self, values: &[f32], backward: bool, _: bool, weights: &mut Weights) {
        let (hidden, score) = values.split_at(self.hidden().parameters());
        weights.hidden.pack(self.hidden(), hidden, backward);
        let (units, heads) = (self.units, self.heads);
        weights.score.pack(score, units, heads, 1, units);
        weights.score_back.pack(score, heads, units, units, 1);
    }

    fn forward(
        &self,
        _: &[f32],
        weights: &Weights,
        _: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Kept,
        (): &mut (),
    ) {
        let (width, units, heads) = (self.width, self.units, self.heads);
        kept.hidden = weights.hidden.apply(self.hidden(), input.values());
        tanh_each(&mut kept.hidden);
        let mut scores = vec![0.0; input.rows() * heads];
        let (rows, hidden) = (input.rows(), &kept.hidden);
        multiply(
            rows,
            hidden,
            units,
            &weights.score,
            &mut scores,
            heads,
            false,
        );
        kept.weights.clear();
        let mut scores = &scores[..];
        for (frames, out) in input.utterances().zip(output.utterances_mut()) {
            let (own, rest) = scores.split_at(frames.len() / width * heads);
            scores = rest;
            for (head, out) in out.chunks_exact_mut(width).enumerate() {
                let start = kept.weights.len();
                kept.weights.extend(own.iter().skip(head).step_by(heads));
                let weights = &mut kept.weights[start..];
                softmax(weights);
                out.fill(0.0);
                for (frame, weight) in frames.chunks_exact(width).zip(&*weights) {
                    out.iter_mut()
                        .zip(frame)
                        .for_each(|(sum, x)| *sum += weight * x);
                }
            }
        }
    }

    fn backward(
        &self,
        weights: &Weights,
        _: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Kept,
        gradients: Gradients<'_>,
        (): &mut (),
    ) {
        let (width, units, heads) = (self.width, self.units, self.heads);
        let rows = input.rows();
        let mut of_x = vec![0.0; rows * width];
        let mut of_scores = vec![0.0; rows * heads];
        let (mut row, mut kept_weights) = (0, &kept.weights[..]);
        for (frames, gradient) in input.utterances().zip(grad_output.utterances()) {
            let length = frames.len() / width;
            for (head, gradient) in gradient.chunks_exact(width).enumerate() {
                let (own, rest) = kept_weights.split_at(length);
                kept_weights = rest;
                let along = frames.chunks_exact(width).map(|frame| dot(frame, gradient));
                let along: Vec<f32> = along.collect();
                let mean = dot(&along, own);
                for (t, (weight, along)) in own.iter().zip(&along).enumerate() {
                    of_scores[(row + t) * heads + head] = weight * (along - mean);
                    let of_frame = &mut of_x[(row + t) * width..][..width];
                    let both = of_frame.iter_mut().zip(gradient);
                    both.for_each(|(sum, g)| *sum += weight * g);
                }
            }
            row += length;
        }
        let mut of_hidden = vec![0.0; rows * units];
        let back = &weights.score_back;
        multiply(rows, &of_scores, heads, back, &mut of_hidden, units, false);
        for (g, hidden) in of_hidden.iter_mut().zip(&kept.hidden) {
            *g *= 1.0 - hidden * hidden;
        }
        let (of_hidden_values, of_score) =
            gradients.values.split_at_mut(self.hidden().parameters());
        let mut packed = Packed::default();
        packed.pack(&kept.hidden, rows, units, units, 1);
        multiply_transposed(heads, &of_scores, heads, &packed, of_score, units, false);
        let x = input.values();
        parameter_gradients(self.hidden(), x, &of_hidden, of_hidden_values);
        if let Some(input) = gradients.input {
            let hidden = &weights.hidden;
            hidden.add_input_gradient(self.hidden(), &of_hidden, &mut of_x);
            input.set_rows(&of_x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{agrees_with_naive, agrees_with_pytorch};

    #[test]
    fn equals_the_naive_version() {
        for (width, units, heads) in [(1, 1, 1), (5, 3, 1), (3, 4, 2)] {
            let layer = format!(r#"{{"layer":"attention_pool","units":{units},"heads":{heads}}}"#);
            agrees_with_naive(&layer, width, 5, |values, frames, _| {
                naive::forward(values, frames, (width, units, heads))
            });
        }
    }

    #[test]
    fn equals_pytorch() {
        agrees_with_pytorch(include_str!("golden.json"));
    }
}
