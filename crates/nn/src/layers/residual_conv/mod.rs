//! A residual block of two convolutions (He et al., 2016): `relu(skip(x) + conv2(relu(conv1(x))))`, all with the frames of
//! `x`. The skip is `x` itself, or a convolution of width 1 without bias where the channels differ (`torch.nn.Conv1d`).

#[cfg(feature = "cuda")]
mod cuda_kernel;
#[cfg(test)]
mod naive;
mod same_conv;

use std::sync::Arc;

use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::arrays::ArrayShape;
use super::cost::{Copies, Cost};
use super::first_values::{FirstValues, Initialisation};
use super::frame_layer::{FrameLayer, Gradients, Share};
use super::kind::{self, Before, Kind, Options, Place, sized};
use super::sized::{Run, SizedLayer};
use super::spaced::SpacedFrames;
use pipe_foundation::keys::{Key, Values};
use same_conv::{SameConv, SameWeights};

/// Two convolutions beside a connection that skips them.
pub const KIND: Kind = Kind {
    name: "residual_conv",
    doc: "Residual block: two convolutions over time, added to what goes in, with ReLU after each (He et al. 2016).",
    keys: &[
        Key::required("channels", Values::POSITIVE, "Output channels."),
        Key::default(
            "width",
            Values::POSITIVE,
            "3",
            "Width of both kernels, in frames; an odd number.",
        ),
    ],
    place: Place::Frames,
    read: kind::read::<ResidualConv>,
    kernels: include_str!("residual_conv.cu"),
    example: r#"[{"layer":"residual_conv","channels":5},{"layer":"residual_conv","channels":5,"width":5},
        {"layer":"conv","channels":4,"width":4,"padding":1,"pool_width":2},{"layer":"time_pool","how":"mean"}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResidualConv {
    /// Output channels.
    channels: usize,
    /// Frames under each kernel.
    #[serde(default = "three")]
    width: usize,
}

fn three() -> usize {
    3
}

impl Options for ResidualConv {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        let width = sized("width", self.width)?;
        if width.is_multiple_of(2) {
            return Err(format!("width is {width}; expected an odd number"));
        }
        let (input, output) = (before.width, sized("channels", self.channels)?);
        let conv = |input| SameConv {
            input,
            output,
            width,
        };
        Ok(vec![Arc::new(Block {
            first: conv(input),
            second: conv(output),
        })])
    }

    fn description(&self) -> String {
        format!(
            "residual block of two convolutions over time: {} channels, width {}, ReLU",
            self.channels, self.width
        )
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// A block and its sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    first: SameConv,
    second: SameConv,
}

impl Block {
    /// Values of the skip's weight `[input, output]`; none where the channels are the same.
    fn skip_values(&self) -> usize {
        match self.first.input == self.first.output {
            true => 0,
            false => self.first.input * self.first.output,
        }
    }
}

impl SizedLayer for Block {
    fn input(&self) -> usize {
        self.first.input
    }

    fn output(&self) -> usize {
        self.first.output
    }

    /// Weights are kept as `[width, input, output]`.
    fn arrays(&self) -> Vec<ArrayShape> {
        let (input, output, width) = (self.first.input, self.first.output, self.first.width);
        let weight = |name: &str, input, width| {
            ArrayShape::new(name, &[output, input, width]).first_fastest()
        };
        let mut arrays = vec![
            weight("conv1.weight", input, width),
            ArrayShape::new("conv1.bias", &[output]),
            weight("conv2.weight", output, width),
            ArrayShape::new("conv2.bias", &[output]),
        ];
        if self.skip_values() > 0 {
            arrays.push(weight("skip.weight", input, 1));
        }
        arrays
    }

    fn first_values(&self, first: &FirstValues<'_>, values: &mut [f32]) {
        let mut rest = values;
        for (name, conv) in [(".conv1", self.first), (".conv2", self.second)] {
            let (own, after) = rest.split_at_mut(conv.parameters());
            let (weight, bias) = own.split_at_mut(conv.weights());
            let fan_in = (conv.input * conv.width) as f64;
            let source = &mut first.source(name);
            match first.how {
                Initialisation::He => source.normal((2.0 / fan_in).sqrt(), weight),
                Initialisation::HeUniform => source.uniform((6.0 / fan_in).sqrt(), weight),
                Initialisation::Pytorch => {
                    source.uniform(fan_in.sqrt().recip(), weight);
                    source.uniform(fan_in.sqrt().recip(), bias);
                }
            }
            rest = after;
        }
        let bound = (self.first.input as f64).sqrt().recip();
        first.source(".skip").uniform(bound, rest);
    }

    fn cost(&self) -> Cost {
        let (input, output) = (self.first.input as f64, self.first.output as f64);
        Cost {
            packed: 2.0,
            copies: Copies::Shares,
            kept_before: input + 2.0 * output,
            kept_after: output,
            working: input + 4.0 * output,
            predicting: input + 3.0 * output,
            rate: 1.0,
        }
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::ChannelsFirst);
        let conv = |export: &mut Export<'_>, part: &str, x: &str, width: usize| {
            let mut inputs = vec![x.to_owned(), export.constant(&format!("{part}.weight"))];
            if part != "skip" {
                inputs.push(export.constant(&format!("{part}.bias")));
            }
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            let attributes = [
                ("kernel_shape", Attribute::ints(&[width as i64])),
                ("pads", Attribute::ints(&[(width / 2) as i64; 2])),
            ];
            export.node("Conv", part, &inputs, &attributes)
        };
        let width = self.first.width;
        let hidden = conv(export, "conv1", &x.name, width);
        let hidden = export.node("Relu", "hidden", &[&hidden], &[]);
        let out = conv(export, "conv2", &hidden, width);
        let skip = match self.skip_values() {
            0 => x.name.clone(),
            _ => conv(export, "skip", &x.name, 1),
        };
        let sum = export.node("Add", "sum", &[&skip, &out], &[]);
        let name = export.node("Relu", "relu", &[&sum], &[]);
        Signal { name, ..x }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

/// Packed weights.
#[derive(Default)]
pub(super) struct Weights {
    first: SameWeights,
    second: SameWeights,
    skip: Packed,
    skip_back: Packed,
}

/// What the forward pass leaves: the frames between both convolutions, and the output without gaps.
#[derive(Default)]
pub(super) struct Kept {
    hidden: SpacedFrames,
    output: Vec<f32>,
}

/// ReLU in place; a value that is no number stays none, and is found in the loss.
fn relu(values: &mut [f32]) {
    for value in values {
        *value = if *value < 0.0 { 0.0 } else { *value };
    }
}

impl FrameLayer for Block {
    type Weights = Weights;
    type Kept = Kept;
    type Scratch = SpacedFrames;

    fn gap(&self) -> usize {
        self.first.width / 2
    }

    fn pack(&self, values: &[f32], backward: bool, input_gradient: bool, weights: &mut Weights) {
        let (first, rest) = values.split_at(self.first.parameters());
        let (second, skip) = rest.split_at(self.second.parameters());
        weights
            .first
            .pack(self.first, first, backward && input_gradient);
        weights.second.pack(self.second, second, backward);
        if self.skip_values() > 0 {
            let (input, output) = (self.first.input, self.first.output);
            weights.skip.pack(skip, input, output, output, 1);
            weights.skip_back.pack(skip, output, input, 1, output);
        }
    }

    fn forward(
        &self,
        _: &[f32],
        weights: &Weights,
        _: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Kept,
        scratch: &mut SpacedFrames,
    ) {
        weights.first.forward(self.first, input, &mut kept.hidden);
        relu(kept.hidden.values_mut());
        weights.second.forward(self.second, &kept.hidden, scratch);
        kept.output = scratch.to_rows();
        let x = input.to_rows();
        match self.skip_values() {
            0 => kept
                .output
                .iter_mut()
                .zip(&x)
                .for_each(|(sum, x)| *sum += x),
            _ => {
                let (width, channels) = (self.first.input, self.first.output);
                let (rows, to) = (x.len() / width, &mut kept.output);
                multiply(rows, &x, width, &weights.skip, to, channels, true);
            }
        }
        relu(&mut kept.output);
        output.set_rows(&kept.output);
    }

    fn backward(
        &self,
        weights: &Weights,
        _: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Kept,
        gradients: Gradients<'_>,
        of_hidden: &mut SpacedFrames,
    ) {
        let (of_first, rest) = gradients.values.split_at_mut(self.first.parameters());
        let (of_second, of_skip) = rest.split_at_mut(self.second.parameters());
        let mut rows = grad_output.to_rows();
        for (g, out) in rows.iter_mut().zip(&kept.output) {
            *g = if *out > 0.0 { *g } else { 0.0 };
        }
        let mut of_sum = SpacedFrames::default();
        of_sum.reset(input.lengths(), self.gap(), self.first.output);
        of_sum.set_rows(&rows);
        same_conv::value_gradients(self.second, &kept.hidden, &of_sum, of_second);
        weights
            .second
            .input_gradient(self.second, &of_sum, of_hidden);
        for (g, hidden) in of_hidden.values_mut().iter_mut().zip(kept.hidden.values()) {
            *g = if *hidden > 0.0 { *g } else { 0.0 };
        }
        same_conv::value_gradients(self.first, input, of_hidden, of_first);
        let (width, channels) = (self.first.input, self.first.output);
        let count = rows.len() / channels;
        if self.skip_values() > 0 {
            let mut packed = Packed::default();
            packed.pack(&rows, count, channels, channels, 1);
            let x = input.to_rows();
            multiply_transposed(width, &x, width, &packed, of_skip, channels, false);
        }
        if let Some(of_input) = gradients.input {
            weights
                .first
                .input_gradient(self.first, of_hidden, of_input);
            let mut of_x = of_input.to_rows();
            match self.skip_values() {
                0 => of_x.iter_mut().zip(&rows).for_each(|(sum, g)| *sum += g),
                _ => {
                    let back = &weights.skip_back;
                    multiply(count, &rows, channels, back, &mut of_x, width, true);
                }
            }
            of_input.set_rows(&of_x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{agrees_with_naive, agrees_with_pytorch};

    #[test]
    fn equals_the_naive_version() {
        for (input, output, width) in [(1, 1, 1), (3, 3, 3), (3, 4, 5)] {
            let layer =
                format!(r#"{{"layer":"residual_conv","channels":{output},"width":{width}}}"#);
            agrees_with_naive(&layer, input, 5, |values, frames, _| {
                naive::forward(values, frames, (input, output, width))
            });
        }
    }

    #[test]
    fn equals_pytorch() {
        agrees_with_pytorch(include_str!("golden.json"));
    }

    #[test]
    fn an_even_width_is_refused() {
        let before = Before {
            width: 7,
            states: None,
        };
        let layer = ResidualConv {
            channels: 2,
            width: 4,
        };
        let refused = layer.sized(&before).unwrap_err();
        assert_eq!(refused, "width is 4; expected an odd number");
    }
}
