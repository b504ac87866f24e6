//! A weighted sum of the parts of a frame, such as the layers of a pretrained model whose outputs stand side by side (the
//! featuriser of SUPERB, Yang et al., 2021): `Σ a x` with `a = softmax(weights)`, the same for all frames.

#[cfg(feature = "cuda")]
mod cuda_kernel;
#[cfg(test)]
mod naive;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::activation::softmax;
use super::arrays::ArrayShape;
use super::cost::Cost;
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, Options, Place, sized};
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;
use super::sums::dot;
use pipe_foundation::keys::{Key, Values};

/// A sum with learned weights.
pub const KIND: Kind = Kind {
    name: "weighted_sum",
    doc: "Weighted sum of equally wide parts of each frame, such as the layers of a pretrained model that an embed stage puts side by side; the weights are learned, positive and sum to 1 (Yang et al. 2021).",
    keys: &[Key::required(
        "parts",
        Values::POSITIVE,
        "Parts that stand side by side in a frame.",
    )],
    place: Place::Anywhere,
    read: kind::read::<WeightedSum>,
    kernels: include_str!("weighted_sum.cu"),
    example: r#"[{"layer":"weighted_sum","parts":3},{"layer":"linear","units":6},{"layer":"weighted_sum","parts":2},
        {"layer":"lstm","units":4},{"layer":"time_pool","how":"last_states"}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightedSum {
    /// Parts of a frame.
    parts: usize,
}

impl Options for WeightedSum {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        let parts = sized("parts", self.parts)?;
        if !before.width.is_multiple_of(parts) {
            return Err(format!(
                "{} values of a frame are not {parts} equally wide parts",
                before.width
            ));
        }
        Ok(vec![Arc::new(SizedSum {
            parts,
            width: before.width / parts,
        })])
    }

    fn description(&self) -> String {
        format!("weighted sum of {} parts of each frame", self.parts)
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// A sum and the width of each part.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedSum {
    parts: usize,
    width: usize,
}

/// The parts' shares of the sum.
fn shares(weights: &[f32]) -> Vec<f32> {
    let mut shares = weights.to_vec();
    softmax(&mut shares);
    shares
}

impl SizedLayer for SizedSum {
    fn input(&self) -> usize {
        self.parts * self.width
    }

    fn output(&self) -> usize {
        self.width
    }

    /// All are 0 at first, so that the parts count alike.
    fn arrays(&self) -> Vec<ArrayShape> {
        vec![ArrayShape::new("weights", &[self.parts])]
    }

    fn cost(&self) -> Cost {
        Cost::of_frames(self.input(), self.width)
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::BatchFirst);
        let frame = [self.parts as i64, self.width as i64];
        let (apart, together): (&[i64], &[i64]) = match x.axes {
            Axes::Vectors => (&[0, frame[0], frame[1]], &[0, frame[1]]),
            _ => (&[0, 0, frame[0], frame[1]], &[0, 0, frame[1]]),
        };
        let names = ["apart", "together", "shares"].map(|part| export.named(part));
        let shares = shares(export.array("weights"));
        export.graph.ints(&names[0], &[apart.len()], apart);
        export.graph.ints(&names[1], &[together.len()], together);
        export.graph.floats(&names[2], &[1, self.parts], &shares);
        let [apart, together, shares] = &names;
        let parts = export.node("Reshape", "parts", &[&x.name, apart], &[]);
        let sum = export.node("MatMul", "sum", &[shares, &parts], &[]);
        // Sizes of 0 in the shape are those of the input.
        let keep = [("allowzero", Attribute::Int(0))];
        let name = export.node("Reshape", "summed", &[&sum, together], &keep);
        Signal { name, ..x }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

impl FrameLayer for SizedSum {
    /// The parts' shares.
    type Weights = Vec<f32>;
    type Kept = ();
    type Scratch = ();

    fn pack(&self, values: &[f32], _: bool, _: bool, weights: &mut Vec<f32>) {
        *weights = shares(values);
    }

    fn forward(
        &self,
        _: &[f32],
        shares: &Vec<f32>,
        _: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        (): &mut (),
        (): &mut (),
    ) {
        let width = self.width;
        for (frames, out) in input.utterances().zip(output.utterances_mut()) {
            out.fill(0.0);
            let frames = frames.chunks_exact(self.input());
            for (frame, out) in frames.zip(out.chunks_exact_mut(width)) {
                for (part, share) in frame.chunks_exact(width).zip(shares) {
                    let both = out.iter_mut().zip(part);
                    both.for_each(|(sum, x)| *sum += share * x);
                }
            }
        }
    }

    fn backward(
        &self,
        shares: &Vec<f32>,
        _: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        (): &(),
        gradients: Gradients<'_>,
        (): &mut (),
    ) {
        let (wide, width) = (self.input(), self.width);
        let of_shares = gradients.values;
        of_shares.fill(0.0);
        for (frames, gradient) in input.utterances().zip(grad_output.utterances()) {
            let rows = frames.chunks_exact(wide).zip(gradient.chunks_exact(width));
            for (frame, gradient) in rows {
                let parts = frame.chunks_exact(width).zip(of_shares.iter_mut());
                parts.for_each(|(part, sum)| *sum += dot(part, gradient));
            }
        }
        let mean = dot(of_shares, shares);
        for (g, share) in of_shares.iter_mut().zip(shares) {
            *g = (*g - mean) * share;
        }
        let Some(of_input) = gradients.input else {
            return;
        };
        let both = grad_output.utterances().zip(of_input.utterances_mut());
        for (gradient, to) in both {
            let rows = gradient.chunks_exact(width).zip(to.chunks_exact_mut(wide));
            for (gradient, frame) in rows {
                for (part, share) in frame.chunks_exact_mut(width).zip(shares) {
                    let both = part.iter_mut().zip(gradient);
                    both.for_each(|(of_x, g)| *of_x = share * g);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{agrees_with_naive, agrees_with_pytorch};

    #[test]
    fn equals_the_naive_version() {
        for (width, parts) in [(1, 1), (3, 2), (1, 4), (9, 3)] {
            let layer = format!(r#"{{"layer":"weighted_sum","parts":{parts}}}"#);
            agrees_with_naive(&layer, parts * width, 5, |values, frames, _| {
                naive::forward(values, frames, width)
            });
        }
    }

    #[test]
    fn equals_pytorch() {
        agrees_with_pytorch(include_str!("golden.json"));
    }

    #[test]
    fn parts_are_equally_wide() {
        let before = Before {
            width: 7,
            states: None,
        };
        let refused = WeightedSum { parts: 2 }.sized(&before).unwrap_err();
        assert_eq!(refused, "7 values of a frame are not 2 equally wide parts");
    }
}
