//! Recurrent layers of long short-term memory (`torch.nn.LSTM`).

mod cell;
#[cfg(feature = "cuda")]
mod cuda_kernel;
pub(crate) mod direction;
#[cfg(test)]
pub(crate) mod naive;
pub mod shape;

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
use direction::{DirectionLayout, DirectionPass, DirectionWeights};
use pipe_foundation::keys::{Key, Values};
use shape::LstmShape;

/// Long short-term memory.
pub const KIND: Kind = Kind {
    name: "lstm",
    doc: "Recurrent layers.",
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
    read: kind::read::<Lstm>,
    kernels: include_str!("lstm.cu"),
    example: r#"[{"layer":"lstm","units":3,"bidirectional":true,"layers":2},
        {"layer":"time_pool","how":"last_states"}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lstm {
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

impl Options for Lstm {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        sized("units", self.units)?;
        if self.layers == 0 || self.layers > 16 {
            return Err(format!("layers is {}; expected 1 to 16", self.layers));
        }
        let mut input = before.width;
        let mut stack: Vec<Arc<dyn SizedLayer>> = Vec::with_capacity(self.layers);
        for _ in 0..self.layers {
            let layer = LstmShape {
                input,
                units: self.units,
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
            "LSTM: {} units {direction}, layers {}",
            self.units, self.layers
        )
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

/// Names that PyTorch adds to the arrays of each direction.
const SUFFIXES: [&str; 2] = ["", "_reverse"];

impl SizedLayer for LstmShape {
    fn input(&self) -> usize {
        self.input
    }

    fn output(&self) -> usize {
        LstmShape::output(self)
    }

    fn arrays(&self) -> Vec<ArrayShape> {
        let gates = 4 * self.units;
        let of_direction = |suffix: &&str| {
            [
                ArrayShape::new(format!("weight_ih{suffix}"), &[gates, self.input]),
                ArrayShape::new(format!("weight_hh{suffix}"), &[gates, self.units]),
                ArrayShape::new(format!("bias_ih{suffix}"), &[gates]),
                ArrayShape::new(format!("bias_hh{suffix}"), &[gates]),
            ]
        };
        let directions = SUFFIXES.iter().take(self.directions);
        directions.flat_map(of_direction).collect()
    }

    fn first_values(&self, first: &FirstValues<'_>, values: &mut [f32]) {
        let bound = (self.units as f64).sqrt().recip();
        let directions = values.chunks_exact_mut(self.direction_parameters());
        for (direction, values) in directions.enumerate() {
            let mut source = first.source(&format!(".{direction}"));
            source.uniform(bound, values);
        }
    }

    fn states(&self) -> Option<usize> {
        Some(self.units)
    }

    fn cost(&self) -> Cost {
        let (input, units) = (self.input as f64, self.units as f64);
        let directions = self.directions as f64;
        // Gates, cell, its hyperbolic tangent, hidden state, the one before, and their gradient.
        let states = 4.0 + 5.0;
        let own = units * (states + 1.0) + 2.0 * input;
        Cost {
            packed: 3.0,
            copies: Copies::Groups,
            kept_before: directions * own + input,
            kept_after: 0.0,
            working: 0.0,
            predicting: 7.0 * units * directions + input,
            rate: 1.0,
        }
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::FramesFirst);
        let gates = 4 * self.units;
        let (mut input, mut hidden, mut bias) = (Vec::new(), Vec::new(), Vec::new());
        for suffix in SUFFIXES.iter().take(self.directions) {
            let part = |part: &str, width: usize| {
                reordered(export.array(&format!("{part}{suffix}")), self.units * width)
            };
            input.extend(part("weight_ih", self.input));
            hidden.extend(part("weight_hh", self.units));
            bias.extend(part("bias_ih", 1));
            bias.extend(part("bias_hh", 1));
        }
        let directions = self.directions;
        let names = ["weight_ih", "weight_hh", "bias"].map(|part| export.named(part));
        let graph = &mut *export.graph;
        graph.floats(&names[0], &[directions, gates, self.input], &input);
        graph.floats(&names[1], &[directions, gates, self.units], &hidden);
        graph.floats(&names[2], &[directions, 2 * gates], &bias);
        let direction = if directions == 2 {
            "bidirectional"
        } else {
            "forward"
        };
        let [input, hidden, bias] = &names;
        let y = graph.node_with(
            "LSTM",
            export.name,
            &[&x.name, input, hidden, bias],
            &[
                ("direction", Attribute::Text(direction.into())),
                ("hidden_size", Attribute::Int(self.units as i64)),
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

/// The gates' blocks of values in the order of ONNX (input, output, forget, cell) from that of PyTorch (input,
/// forget, cell, output).
fn reordered(values: &[f32], block: usize) -> Vec<f32> {
    let gates: Vec<&[f32]> = values.chunks_exact(block.max(1)).collect();
    let [input, forget, cell, output] = gates[..] else {
        return Vec::new();
    };
    [input, output, forget, cell].concat()
}

impl RecurrentLayer for LstmShape {
    type Weights = DirectionWeights;
    type Pass = DirectionPass;

    fn units(&self) -> usize {
        self.units
    }

    fn directions(&self) -> usize {
        self.directions
    }

    fn direction_parameters(&self) -> usize {
        LstmShape::direction_parameters(self)
    }

    fn pack(&self, values: &[f32], backward: bool, weights: &mut DirectionWeights) {
        weights.pack(DirectionLayout::new(self), values, backward);
    }

    fn forward(
        &self,
        weights: &DirectionWeights,
        walk: Walk<'_>,
        input: &[f32],
        pass: &mut DirectionPass,
    ) {
        pass.forward(
            DirectionLayout::new(self),
            weights,
            walk.steps,
            walk.backward_in_time,
            input,
            walk.stopped,
        );
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
        let layout = DirectionLayout::new(self);
        let (steps, backward_in_time) = (walk.steps, walk.backward_in_time);
        pass.backward(layout, weights, steps, backward_in_time, input, grad_hidden);
        if input_gradient {
            pass.input_gradient(layout, weights);
        }
    }

    fn hidden(pass: &DirectionPass) -> &[f32] {
        pass.hidden()
    }

    fn grad_input(pass: &DirectionPass) -> &[f32] {
        pass.grad_input()
    }

    fn grad_values(pass: &DirectionPass) -> &[f32] {
        pass.grad_weights()
    }
}
