//! Pooling over time: the mean over an utterance's own frames, or the last states of recurrent layers.

#[cfg(feature = "cuda")]
mod cuda_kernel;
pub mod how;
#[cfg(test)]
mod naive;
pub(crate) mod rows;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::cost::{Copies, Cost};
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, Options, Place};
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;
pub use how::TimePool;
use pipe_foundation::keys::{Key, Values};
use rows::{last_step, mean, mean_backward};

/// Mean or last states.
pub const KIND: Kind = Kind {
    name: "time_pool",
    doc: "One vector from all frames.",
    keys: &[Key::required(
        "how",
        Values::Choice(&["last_states", "mean"]),
        "Last states of each direction, or the mean over the utterance's own frames.",
    )],
    place: Place::Pooling,
    read: kind::read::<Pool>,
    kernels: include_str!("time_pool.cu"),
    example: r#"[{"layer":"lstm","units":4,"bidirectional":true},{"layer":"time_pool","how":"last_states"}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    /// How.
    how: TimePool,
}

impl Options for Pool {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        let forward = match (self.how, before.states) {
            (TimePool::Mean, _) => before.width,
            (TimePool::LastStates, Some(forward)) => forward,
            (TimePool::LastStates, None) => {
                return Err("last_states needs a recurrent layer, such as lstm, before it".into());
            }
        };
        Ok(vec![Arc::new(SizedPool {
            how: self.how,
            width: before.width,
            forward,
        })])
    }

    fn description(&self) -> String {
        let how = match self.how {
            TimePool::LastStates => "last states",
            TimePool::Mean => "mean",
        };
        format!("time pooling: {how}")
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// A pooling and its sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedPool {
    how: TimePool,
    /// Values of a frame.
    width: usize,
    /// The first of them are states of the forward direction.
    forward: usize,
}

impl SizedLayer for SizedPool {
    fn input(&self) -> usize {
        self.width
    }

    fn output(&self) -> usize {
        self.width
    }

    fn cost(&self) -> Cost {
        Cost {
            packed: 0.0,
            copies: Copies::Shares,
            kept_before: 0.0,
            kept_after: 0.0,
            working: 0.0,
            predicting: 0.0,
            rate: 0.0,
        }
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let name = match self.how {
            TimePool::Mean => {
                let axis = match x.axes {
                    Axes::ChannelsFirst => 2,
                    Axes::FramesFirst => 0,
                    Axes::BatchFirst | Axes::Vectors => 1,
                };
                let attributes = [
                    ("axes", Attribute::ints(&[axis])),
                    ("keepdims", Attribute::Int(0)),
                ];
                export
                    .graph
                    .node_with("ReduceMean", "pooled", &[&x.name], &attributes)
            }
            TimePool::LastStates => {
                let x = export.with_axes(x, Axes::FramesFirst);
                let graph = &mut *export.graph;
                let last = graph.int("last_frame", -1);
                let last = graph.node("Gather", "last_states", &[&x.name, &last]);
                if self.forward == self.width {
                    return Signal {
                        name: last,
                        axes: Axes::Vectors,
                    };
                }
                let first = graph.int("first_frame", 0);
                let first = graph.node("Gather", "first_states", &[&x.name, &first]);
                let (forward, width) = (self.forward as i64, self.width as i64);
                let channels = graph.ints("channels_axis", &[1], &[1]);
                let begin = graph.ints("first_unit", &[1], &[0]);
                let middle = graph.ints("first_backward_unit", &[1], &[forward]);
                let end = graph.ints("after_last_unit", &[1], &[width]);
                let of_forward = [&last, &begin, &middle, &channels].map(String::as_str);
                let of_forward = graph.node("Slice", "forward_states", &of_forward);
                let of_backward = [&first, &middle, &end, &channels].map(String::as_str);
                let of_backward = graph.node("Slice", "backward_states", &of_backward);
                let axis = [("axis", Attribute::Int(1))];
                graph.node_with("Concat", "pooled", &[&of_forward, &of_backward], &axis)
            }
        };
        Signal {
            name,
            axes: Axes::Vectors,
        }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

impl FrameLayer for SizedPool {
    type Weights = ();
    type Kept = ();
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
        (): &mut (),
        (): &mut (),
    ) {
        let width = self.width;
        for (rows, out) in input.utterances().zip(output.utterances_mut()) {
            match self.how {
                TimePool::Mean => mean(rows.chunks_exact(width), out),
                TimePool::LastStates => {
                    let length = rows.len() / width;
                    for (backward, states) in
                        [(false, 0..self.forward), (true, self.forward..width)]
                    {
                        let row = &rows[last_step(length, backward) * width..][..width];
                        out[states.clone()].copy_from_slice(&row[states]);
                    }
                }
            }
        }
    }

    fn backward(
        &self,
        (): &(),
        _: Share<'_>,
        _: &SpacedFrames,
        grad_output: &SpacedFrames,
        (): &(),
        gradients: Gradients<'_>,
        (): &mut (),
    ) {
        let Some(input) = gradients.input else { return };
        let width = self.width;
        for (gradient, rows) in grad_output.utterances().zip(input.utterances_mut()) {
            let length = rows.len() / width;
            match self.how {
                TimePool::Mean => {
                    for row in rows.chunks_exact_mut(width) {
                        mean_backward(gradient, length, row);
                    }
                }
                TimePool::LastStates => {
                    rows.fill(0.0);
                    for (backward, states) in
                        [(false, 0..self.forward), (true, self.forward..width)]
                    {
                        let row = &mut rows[last_step(length, backward) * width..][..width];
                        row[states.clone()].copy_from_slice(&gradient[states]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::agrees_with_naive_behind;

    #[test]
    fn equals_the_naive_version() {
        for (how, width, states) in [
            (TimePool::Mean, 1, None),
            (TimePool::Mean, 5, None),
            (TimePool::Mean, 4, Some(2)),
            (TimePool::LastStates, 3, Some(3)),
            (TimePool::LastStates, 6, Some(3)),
        ] {
            let layer = json(&Pool { how });
            let before = Before { width, states };
            let forward = states.unwrap_or(width);
            agrees_with_naive_behind(&layer, &before, 5, |_, frames, _| {
                naive::forward(frames, how, (width, forward))
            });
        }
    }

    fn json(pool: &Pool) -> String {
        let mut keys = pool.values();
        keys.insert("layer".into(), "time_pool".into());
        Value::Object(keys).to_string()
    }
}
