//! Gated recurrent units (Cho et al., 2014; `torch.nn.GRU`).

mod cell;
#[cfg(feature = "cuda")]
mod cuda_kernel;
mod direction;
#[cfg(test)]
mod naive;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::arrays::ArrayShape;
use super::cost::{Copies, Cost};
use super::first_values::FirstValues;
use super::kind::{self, Before, Kind, Options, Place, sized};
use super::recurrent_layer::{RecurrentLayer, Walk};
use super::sized::{Run, SizedLayer};
use direction::{DirectionPass, DirectionWeights, Sizes};
use pipe_foundation::keys::{Key, Values};

/// Gated recurrent units.
pub const KIND: Kind = Kind {
    name: "gru",
    doc: "Recurrent layers of gated recurrent units (Cho et al. 2014).",
    keys: &[
        Key::required("units", Values::POSITIVE, "Hidden units of each direction."),
        Key::default(
            "bidirectional",
            Values::Bool,
            "false",
            "Also run backwards in time.",
        ),
        Key::default(
            "layers",
            Values::Integer { min: 1, max: 16 },
            "1",
            "Stacked layers.",
        ),
    ],
    place: Place::Frames,
    read: kind::read::<Gru>,
    kernels: include_str!("gru.cu"),
    example: r#"[{"layer":"conv","channels":4,"width":3},{"layer":"gru","units":3,"bidirectional":true,"layers":2},
        {"layer":"time_pool","how":"last_states"}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gru {
    /// Hidden units of each direction.
    units: usize,
    /// Also run backward in time; the outputs are concatenated.
    #[serde(default)]
    bidirectional: bool,
    /// Number of stacked layers.
    #[serde(default = "one")]
    layers: usize,
}

fn one() -> usize {
    1
}

impl Options for Gru {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        sized("units", self.units)?;
        if self.layers == 0 || self.layers > 16 {
            return Err(format!("layers is {}; expected 1 to 16", self.layers));
        }
        let mut input = before.width;
        let mut stack: Vec<Arc<dyn SizedLayer>> = Vec::with_capacity(self.layers);
        for _ in 0..self.layers {
            let layer = SizedGru {
                sizes: Sizes {
                    input,
                    units: self.units,
                },
                directions: if self.bidirectional { 2 } else { 1 },
            };
            input = layer.output();
            stack.push(Arc::new(layer));
        }
        Ok(stack)
    }

    fn description(&self) -> String {
        let direction = match self.bidirectional {
            true => "in each direction",
            false => "forward",
        };
        format!(
            "GRU: {} units {direction}, layers {}",
            self.units, self.layers
        )
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// Names that PyTorch adds to the arrays of each direction.
const SUFFIXES: [&str; 2] = ["", "_reverse"];

/// Sizes of one recurrent layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedGru {
    sizes: Sizes,
    directions: usize,
}

impl SizedLayer for SizedGru {
    fn input(&self) -> usize {
        self.sizes.input
    }

    fn output(&self) -> usize {
        self.sizes.units * self.directions
    }

    fn arrays(&self) -> Vec<ArrayShape> {
        let (gates, units, input) = (3 * self.sizes.units, self.sizes.units, self.sizes.input);
        let of_direction = |suffix: &&str| {
            [
                ArrayShape::new(format!("weight_ih{suffix}"), &[gates, input]),
                ArrayShape::new(format!("weight_hh{suffix}"), &[gates, units]),
                ArrayShape::new(format!("bias_ih{suffix}"), &[gates]),
                ArrayShape::new(format!("bias_hh{suffix}"), &[gates]),
            ]
        };
        let directions = SUFFIXES.iter().take(self.directions);
        directions.flat_map(of_direction).collect()
    }

    fn first_values(&self, first: &FirstValues<'_>, values: &mut [f32]) {
        let bound = (self.sizes.units as f64).sqrt().recip();
        let directions = values.chunks_exact_mut(self.sizes.parameters());
        for (direction, values) in directions.enumerate() {
            first
                .source(&format!(".{direction}"))
                .uniform(bound, values);
        }
    }

    fn states(&self) -> Option<usize> {
        Some(self.sizes.units)
    }

    fn cost(&self) -> Cost {
        let (input, units) = (self.sizes.input as f64, self.sizes.units as f64);
        let directions = self.directions as f64;
        // Gates and their gradients for the recurrent side, what the candidate gets from the state, the state, the one
        // before, and their gradient.
        let own = units * (3.0 + 3.0 + 4.0) + 2.0 * input;
        Cost {
            packed: 3.0,
            copies: Copies::Groups,
            kept_before: directions * own + input,
            kept_after: 0.0,
            working: 0.0,
            predicting: 5.0 * units * directions + input,
            rate: 1.0,
        }
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::FramesFirst);
        let Sizes { input, units } = self.sizes;
        let (directions, gates) = (self.directions, 3 * units);
        let (mut of_input, mut of_hidden, mut bias) = (Vec::new(), Vec::new(), Vec::new());
        for suffix in SUFFIXES.iter().take(directions) {
            let part = |part: &str, width: usize| {
                reordered(export.array(&format!("{part}{suffix}")), units * width)
            };
            of_input.extend(part("weight_ih", input));
            of_hidden.extend(part("weight_hh", units));
            bias.extend(part("bias_ih", 1));
            bias.extend(part("bias_hh", 1));
        }
        let names = ["weight_ih", "weight_hh", "bias"].map(|part| export.named(part));
        let graph = &mut *export.graph;
        graph.floats(&names[0], &[directions, gates, input], &of_input);
        graph.floats(&names[1], &[directions, gates, units], &of_hidden);
        graph.floats(&names[2], &[directions, 2 * gates], &bias);
        let direction = match directions {
            2 => "bidirectional",
            _ => "forward",
        };
        let [of_input, of_hidden, bias] = &names;
        let y = graph.node_with(
            "GRU",
            export.name,
            &[&x.name, of_input, of_hidden, bias],
            &[
                ("direction", Attribute::Text(direction.into())),
                ("hidden_size", Attribute::Int(units as i64)),
                // The reset gate acts on the product with the state, as in PyTorch.
                ("linear_before_reset", Attribute::Int(1)),
            ],
        );
        // From [frames, directions, batch, units] to the directions side by side.
        let order = [("perm", Attribute::ints(&[0, 2, 1, 3]))];
        let apart = export.node("Transpose", "apart", &[&y], &order);
        let together = export.graph.ints("directions_together", &[3], &[0, 0, -1]);
        let name = export.node("Reshape", "together", &[&apart, &together], &[]);
        Signal { name, ..x }
    }

    fn run(&self) -> Run<'_> {
        Run::Sequences(self)
    }
}

/// The gates' blocks of values in the order of ONNX (update, reset, candidate) from that of PyTorch (reset, update,
/// candidate).
fn reordered(values: &[f32], block: usize) -> Vec<f32> {
    let gates: Vec<&[f32]> = values.chunks_exact(block.max(1)).collect();
    let [reset, update, candidate] = gates[..] else {
        return Vec::new();
    };
    [update, reset, candidate].concat()
}

impl RecurrentLayer for SizedGru {
    type Weights = DirectionWeights;
    type Pass = DirectionPass;

    fn units(&self) -> usize {
        self.sizes.units
    }

    fn directions(&self) -> usize {
        self.directions
    }

    fn direction_parameters(&self) -> usize {
        self.sizes.parameters()
    }

    fn pack(&self, values: &[f32], backward: bool, weights: &mut DirectionWeights) {
        weights.pack(self.sizes, values, backward);
    }

    fn forward(
        &self,
        weights: &DirectionWeights,
        walk: Walk<'_>,
        input: &[f32],
        pass: &mut DirectionPass,
    ) {
        pass.forward(self.sizes, weights, walk, input);
    }

    fn backward(
        &self,
        weights: &DirectionWeights,
        walk: Walk<'_>,
        input: &[f32],
        grad_hidden: &[f32],
        input_gradient: bool,
        pass: &mut DirectionPass,
    ) {
        pass.backward(self.sizes, weights, walk, input, grad_hidden);
        if input_gradient {
            pass.input_gradient(self.sizes, weights);
        }
    }

    fn hidden(pass: &DirectionPass) -> &[f32] {
        pass.hidden()
    }

    fn grad_input(pass: &DirectionPass) -> &[f32] {
        pass.grad_input()
    }

    fn grad_values(pass: &DirectionPass) -> &[f32] {
        pass.grad_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{agrees_with_pytorch, recurrent_agrees_with_naive};

    #[test]
    fn equals_the_naive_version() {
        for (width, units) in [(1, 1), (3, 5), (4, 9)] {
            let layer = format!(r#"{{"layer":"gru","units":{units},"bidirectional":true}}"#);
            recurrent_agrees_with_naive(&layer, width, |values, frames, backward_in_time| {
                naive::forward(values, frames, (width, units), backward_in_time)
            });
        }
    }

    #[test]
    fn equals_pytorch() {
        agrees_with_pytorch(include_str!("golden.json"));
    }
}
