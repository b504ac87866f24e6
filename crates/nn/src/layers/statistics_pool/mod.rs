//! Statistics pooling (Snyder et al., 2018, the pooling of x-vectors): mean and standard deviation of each value over an
//! utterance's own frames, side by side.
//!
//! The deviation is `sqrt(variance + 1e-5)` with the variance of the frames themselves (`torch.var(unbiased=False)`): an
//! utterance of one frame has one, and so has one of equal frames.

#[cfg(feature = "cuda")]
mod cuda_kernel;
#[cfg(test)]
mod naive;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::cost::{Copies, Cost};
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, Options, Place, sized};
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;

/// Mean and deviation.
pub const KIND: Kind = Kind {
    name: "statistics_pool",
    doc: "One vector from all frames: mean and standard deviation of each value over them (statistics pooling, Snyder et al. 2018).",
    keys: &[],
    place: Place::Pooling,
    read: kind::read::<StatisticsPool>,
    kernels: include_str!("statistics_pool.cu"),
    example: r#"[{"layer":"conv","channels":5,"width":3},{"layer":"statistics_pool"},{"layer":"linear","units":4}]"#,
};

/// Added to the variance.
const EPSILON: f32 = 1e-5;

/// Its keys: none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatisticsPool {}

impl Options for StatisticsPool {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        sized("the width of mean and deviation", 2 * before.width)?;
        Ok(vec![Arc::new(SizedStatistics {
            width: before.width,
        })])
    }

    fn description(&self) -> String {
        "statistics pooling over time: mean and standard deviation".into()
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// A pooling and the width of its frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedStatistics {
    width: usize,
}

impl SizedLayer for SizedStatistics {
    fn input(&self) -> usize {
        self.width
    }

    fn output(&self) -> usize {
        2 * self.width
    }

    fn cost(&self) -> Cost {
        let width = self.width as f64;
        Cost {
            packed: 0.0,
            copies: Copies::Shares,
            kept_before: width,
            kept_after: 0.0,
            working: width,
            predicting: width,
            rate: 0.0,
        }
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::BatchFirst);
        let over_time = |keep: i64| {
            [
                ("axes", Attribute::ints(&[1])),
                ("keepdims", Attribute::Int(keep)),
            ]
        };
        let mean = export.node("ReduceMean", "mean_row", &[&x.name], &over_time(1));
        let centred = export.node("Sub", "centred", &[&x.name, &mean], &[]);
        let squares = export.node("Mul", "squares", &[&centred, &centred], &[]);
        let variance = export.node("ReduceMean", "variance", &[&squares], &over_time(0));
        let epsilon = export.named("epsilon");
        export.graph.floats(&epsilon, &[1], &[EPSILON]);
        let variance = export.node("Add", "raised_variance", &[&variance, &epsilon], &[]);
        let deviation = export.node("Sqrt", "deviation", &[&variance], &[]);
        let mean = export.node("ReduceMean", "mean", &[&x.name], &over_time(0));
        let axis = [("axis", Attribute::Int(1))];
        Signal {
            name: export.node("Concat", "pooled", &[&mean, &deviation], &axis),
            axes: Axes::Vectors,
        }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

impl FrameLayer for SizedStatistics {
    type Weights = ();
    /// The output of each utterance: means, then deviations.
    type Kept = Vec<f32>;
    type Scratch = ();

    fn frames_after(&self, frames: usize) -> usize {
        frames.min(1)
    }

    fn pack(&self, _: &[f32], _: bool, _: bool, (): &mut ()) {}

    fn forward(
        &self,
        _: &[f32],
        (): &(),
        _: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Vec<f32>,
        (): &mut (),
    ) {
        let width = self.width;
        kept.clear();
        for (frames, out) in input.utterances().zip(output.utterances_mut()) {
            let scale = 1.0 / (frames.len() / width).max(1) as f32;
            let (mean, deviation) = out.split_at_mut(width);
            mean.fill(0.0);
            for frame in frames.chunks_exact(width) {
                mean.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x);
            }
            mean.iter_mut().for_each(|sum| *sum *= scale);
            deviation.fill(0.0);
            for frame in frames.chunks_exact(width) {
                for ((sum, x), mean) in deviation.iter_mut().zip(frame).zip(&*mean) {
                    *sum += (x - mean) * (x - mean);
                }
            }
            for sum in deviation {
                *sum = (*sum * scale + EPSILON).sqrt();
            }
            kept.extend_from_slice(out);
        }
    }

    fn backward(
        &self,
        (): &(),
        _: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Vec<f32>,
        gradients: Gradients<'_>,
        (): &mut (),
    ) {
        let Some(of_input) = gradients.input else {
            return;
        };
        let width = self.width;
        let pairs = grad_output.utterances().zip(kept.chunks_exact(2 * width));
        let rows = input.utterances().zip(of_input.utterances_mut());
        for ((gradient, statistics), (frames, of_frames)) in pairs.zip(rows) {
            let scale = 1.0 / (frames.len() / width).max(1) as f32;
            let (mean, deviation) = statistics.split_at(width);
            let (of_mean, of_deviation) = gradient.split_at(width);
            let both = frames
                .chunks_exact(width)
                .zip(of_frames.chunks_exact_mut(width));
            for (frame, of_frame) in both {
                for at in 0..width {
                    let slope = (frame[at] - mean[at]) / deviation[at];
                    of_frame[at] = scale * (of_mean[at] + of_deviation[at] * slope);
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
        for width in [1, 5] {
            let layer = r#"{"layer":"statistics_pool"}"#;
            agrees_with_naive(layer, width, 5, |_, frames, _| {
                naive::forward(frames, width)
            });
        }
    }

    #[test]
    fn equals_pytorch() {
        agrees_with_pytorch(include_str!("golden.json"));
    }
}
