//! Convolution over time with stride 1, bias and ReLU, then max-pooling (`torch.nn.Conv1d`, `MaxPool1d`).

mod block;
#[cfg(feature = "cuda")]
pub(crate) mod block_kernel;
#[cfg(feature = "cuda")]
mod cuda_kernel;
mod direct;
#[cfg(test)]
pub(crate) mod naive;
mod passes;
mod pool;
pub mod shape;
mod winograd;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::arrays::ArrayShape;
use super::cost::{Copies, Cost};
use super::first_values::{FirstValues, Initialisation};
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, LARGEST, Options, Place, sized};
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;
use block::BlockWeights;
use passes::{BlockGradients, BlockPass, Scratch};
use pipe_foundation::keys::{Key, Values};
use shape::ConvShape;

/// Convolution, ReLU, max-pooling.
pub const KIND: Kind = Kind {
    name: "conv",
    doc: "Convolution over time with bias and ReLU, then max-pooling if pool_width is given.",
    keys: &[
        Key::required("channels", Values::POSITIVE, "Output channels."),
        Key::required("width", Values::POSITIVE, "Width of the kernel, in frames."),
        Key::default(
            "padding",
            Values::NATURAL,
            "0",
            "Zero frames added at either end.",
        ),
        Key::optional(
            "pool_width",
            Values::POSITIVE,
            "Width of the pooling window, in frames.",
        ),
        Key::optional(
            "pool_stride",
            Values::POSITIVE,
            "Frames between pooling windows; the pooling width by default.",
        ),
    ],
    place: Place::Frames,
    read: kind::read::<Conv>,
    kernels: include_str!("conv.cu"),
    example: r#"[{"layer":"conv","channels":6,"width":3},
        {"layer":"conv","channels":5,"width":1,"pool_width":2,"pool_stride":3},
        {"layer":"time_pool","how":"mean"}]"#,
};

/// Values of winograd filtering for each value of a frame: ten points for six frames.
const POINTS: f64 = 10.0 / 6.0;

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conv {
    /// Output channels.
    channels: usize,
    /// Frames under the kernel.
    width: usize,
    /// Zero frames added at either end.
    #[serde(default)]
    padding: usize,
    /// Frames under the pooling window; no pooling without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool_width: Option<usize>,
    /// Frames between pooling windows; the pooling width where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool_stride: Option<usize>,
}

impl Options for Conv {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        let (width, padding) = (self.width, self.padding);
        sized("channels", self.channels)?;
        sized("width", width)?;
        if padding >= width {
            return Err(format!(
                "padding {padding} must be smaller than width {width}"
            ));
        }
        if self.pool_width.is_none() && self.pool_stride.is_some() {
            return Err("pool_stride without pool_width".into());
        }
        let pool_width = sized("pool_width", self.pool_width.unwrap_or(1))?;
        let pool_stride = sized("pool_stride", self.pool_stride.unwrap_or(pool_width))?;
        if pool_width > 255 {
            return Err(format!("pool_width {pool_width} is larger than 255"));
        }
        Ok(vec![Arc::new(ConvShape {
            input: before.width,
            output: self.channels,
            width,
            padding,
            pool_width,
            pool_stride,
        })])
    }

    fn description(&self) -> String {
        let mut said = format!(
            "convolution over time: {} channels, width {}, padding {}, ReLU",
            self.channels, self.width, self.padding
        );
        if let Some(pool) = self.pool_width {
            said += &format!(
                ", max-pooling of width {pool} and stride {}",
                self.pool_stride.unwrap_or(pool)
            );
        }
        said
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

impl SizedLayer for ConvShape {
    fn input(&self) -> usize {
        self.input
    }

    fn output(&self) -> usize {
        self.output
    }

    /// The weight is kept as `[width, input, output]`.
    fn arrays(&self) -> Vec<ArrayShape> {
        let weight = ArrayShape::new("weight", &[self.output, self.input, self.width]);
        vec![
            weight.first_fastest(),
            ArrayShape::new("bias", &[self.output]),
        ]
    }

    fn first_values(&self, first: &FirstValues<'_>, values: &mut [f32]) {
        let fan_in = (self.input * self.width) as f64;
        let source = &mut first.source("");
        let (weight, bias) = values.split_at_mut(self.input * self.width * self.output);
        match first.how {
            Initialisation::He => source.normal((2.0 / fan_in).sqrt(), weight),
            Initialisation::HeUniform => source.uniform((6.0 / fan_in).sqrt(), weight),
            Initialisation::Pytorch => {
                source.uniform(fan_in.sqrt().recip(), weight);
                source.uniform(fan_in.sqrt().recip(), bias);
            }
        }
    }

    fn cost(&self) -> Cost {
        let (input, output) = (self.input as f64, self.output as f64);
        Cost {
            // For both passes and for validation, winograd filtering with two values for one, and a buffer of it.
            packed: 8.0,
            copies: Copies::Shares,
            // Frames and their transform.
            kept_before: input * (1.0 + POINTS),
            // The output's gradient; the place of a maximum is a byte.
            kept_after: output * (1.0 + 0.25),
            // The output's gradient transformed and packed.
            working: output * 2.0 * POINTS,
            predicting: input * (1.0 + POINTS),
            rate: 1.0 / self.pool_stride as f64,
        }
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::ChannelsFirst);
        let weight = export.constant("weight");
        let bias = export.constant("bias");
        let convolved = export.graph.node_with(
            "Conv",
            export.name,
            &[&x.name, &weight, &bias],
            &[
                ("kernel_shape", Attribute::ints(&[self.width as i64])),
                ("pads", Attribute::ints(&[self.padding as i64; 2])),
            ],
        );
        let mut name = export.node("Relu", "relu", &[&convolved], &[]);
        if self.pool_width > 1 || self.pool_stride > 1 {
            name = export.node(
                "MaxPool",
                "pool",
                &[&name],
                &[
                    ("kernel_shape", Attribute::ints(&[self.pool_width as i64])),
                    ("strides", Attribute::ints(&[self.pool_stride as i64])),
                ],
            );
        }
        Signal { name, ..x }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

impl FrameLayer for ConvShape {
    type Weights = BlockWeights;
    type Kept = BlockPass;
    type Scratch = Scratch;

    fn gap(&self) -> usize {
        self.padding
    }

    fn frames_after(&self, frames: usize) -> usize {
        self.pooled(frames)
    }

    /// Far from overflow: longer utterances are not needed by any layer that is allowed.
    fn frames_needed(&self, frames: usize) -> usize {
        self.needs(frames.min(LARGEST))
    }

    fn pack(
        &self,
        values: &[f32],
        backward: bool,
        input_gradient: bool,
        weights: &mut BlockWeights,
    ) {
        let weight = &values[..self.width * self.input * self.output];
        weights.pack(self, weight, backward && input_gradient);
    }

    fn forward(
        &self,
        values: &[f32],
        weights: &BlockWeights,
        _: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut BlockPass,
        scratch: &mut Scratch,
    ) {
        let bias = &values[self.width * self.input * self.output..];
        block::forward(self, weights, bias, input, output, kept, scratch);
    }

    fn backward(
        &self,
        weights: &BlockWeights,
        _: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &BlockPass,
        gradients: Gradients<'_>,
        scratch: &mut Scratch,
    ) {
        let (weight, bias) = gradients
            .values
            .split_at_mut(self.width * self.input * self.output);
        let gradients = BlockGradients {
            weight,
            bias,
            input: gradients.input,
        };
        block::backward(self, weights, input, grad_output, kept, gradients, scratch);
    }
}
