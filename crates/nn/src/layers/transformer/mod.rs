//! Encoder layers of a transformer (Vaswani et al., 2017; `torch.nn.TransformerEncoderLayer` with ReLU): multi-head
//! self-attention over an utterance's frames, then a network of two fully connected layers, each added to what goes in and
//! normalised.

mod attention;
#[cfg(feature = "cuda")]
mod attention_kernel;
#[cfg(feature = "cuda")]
mod cuda_kernel;
#[cfg(test)]
mod naive;
mod positions;
pub(super) mod processor;
#[cfg(feature = "cuda")]
mod rows_kernel;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::onnx::{Attribute, Axes, Export, Signal};

use super::arrays::ArrayShape;
use super::cost::{Copies, Cost};
use super::first_values::FirstValues;
use super::kind::{self, Before, Kind, Options, Place, sized};
use super::sized::{Run, SizedLayer};
use pipe_foundation::keys::{Key, Values};
use positions::Positions;
use processor::{Block, EPSILON, Parts};

/// Encoder layers of a transformer.
pub const KIND: Kind = Kind {
    name: "transformer",
    doc: "Encoder layers of a transformer: multi-head self-attention, then two fully connected layers with ReLU (Vaswani et al. 2017).",
    keys: &[
        Key::default(
            "heads",
            Values::POSITIVE,
            "4",
            "Heads of the attention; they share the values of a frame evenly.",
        ),
        Key::default(
            "units",
            Values::POSITIVE,
            "1024",
            "Hidden units of the fully connected layers.",
        ),
        Key::default(
            "layers",
            Values::Integer { min: 1, max: 16 },
            "1",
            "Stacked layers.",
        ),
        Key::default(
            "norm_first",
            Values::Bool,
            "false",
            "Normalise before attention and fully connected layers instead of after them.",
        ),
        Key::default(
            "positions",
            Values::Choice(&["sinusoidal", "none"]),
            "\"sinusoidal\"",
            "What is added to the frames before the first of the layers, so that attention can tell their order.",
        ),
    ],
    place: Place::Frames,
    read: kind::read::<Transformer>,
    kernels: include_str!("transformer.cu"),
    example: r#"[{"layer":"transformer","heads":3,"units":6,"layers":2},{"layer":"linear","units":8},
        {"layer":"transformer","heads":2,"units":5,"norm_first":true,"positions":"none"},
        {"layer":"time_pool","how":"mean"}]"#,
};

/// Its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transformer {
    /// Heads of the attention.
    #[serde(default = "usual_heads")]
    heads: usize,
    /// Hidden units of the fully connected layers.
    #[serde(default = "usual_units")]
    units: usize,
    /// Stacked layers.
    #[serde(default = "one")]
    layers: usize,
    /// Whether normalisation comes first.
    #[serde(default)]
    norm_first: bool,
    /// What is added to the frames before the first layer.
    #[serde(default)]
    positions: Positions,
}

fn usual_heads() -> usize {
    4
}

fn usual_units() -> usize {
    1024
}

fn one() -> usize {
    1
}

impl Options for Transformer {
    fn sized(&self, before: &Before) -> Result<Vec<Arc<dyn SizedLayer>>, String> {
        let (width, heads) = (before.width, sized("heads", self.heads)?);
        sized("units", self.units)?;
        if self.layers == 0 || self.layers > 16 {
            return Err(format!("layers is {}; expected 1 to 16", self.layers));
        }
        if !width.is_multiple_of(heads) {
            return Err(format!(
                "{heads} heads cannot share {width} values of a frame evenly"
            ));
        }
        let layer = |index: usize| -> Arc<dyn SizedLayer> {
            Arc::new(Block {
                width,
                heads,
                units: self.units,
                norm_first: self.norm_first,
                positions: match index {
                    0 => self.positions,
                    _ => Positions::None,
                },
            })
        };
        Ok((0..self.layers).map(layer).collect())
    }

    fn description(&self) -> String {
        let positions = match self.positions {
            Positions::Sinusoidal => "sinusoidal positions",
            Positions::None => "no positions",
        };
        format!(
            "transformer encoder: layers {}, heads {}, {} hidden units, {positions}",
            self.layers, self.heads, self.units
        )
    }

    fn values(&self) -> Map<String, Value> {
        kind::values(self)
    }
}

impl SizedLayer for Block {
    fn input(&self) -> usize {
        self.width
    }

    fn output(&self) -> usize {
        self.width
    }

    fn arrays(&self) -> Vec<ArrayShape> {
        let (width, units) = (self.width, self.units);
        vec![
            ArrayShape::new("self_attn.in_proj_weight", &[3 * width, width]),
            ArrayShape::new("self_attn.in_proj_bias", &[3 * width]),
            ArrayShape::new("self_attn.out_proj.weight", &[width, width]),
            ArrayShape::new("self_attn.out_proj.bias", &[width]),
            ArrayShape::new("linear1.weight", &[units, width]),
            ArrayShape::new("linear1.bias", &[units]),
            ArrayShape::new("linear2.weight", &[width, units]),
            ArrayShape::new("linear2.bias", &[width]),
            ArrayShape::new("norm1.weight", &[width]),
            ArrayShape::new("norm1.bias", &[width]),
            ArrayShape::new("norm2.weight", &[width]),
            ArrayShape::new("norm2.bias", &[width]),
        ]
    }

    /// As PyTorch's: Xavier's bound for the projections of queries, keys and values together, zero biases in the
    /// attention, the usual bound of fully connected layers otherwise.
    fn first_values(&self, first: &FirstValues<'_>, values: &mut [f32]) {
        let width = self.width;
        let Parts {
            projection,
            output,
            linear1,
            linear2,
            norm1,
            norm2,
        } = self.parts_mut(values);
        let bound = |inputs: usize| (inputs as f64).sqrt().recip();
        let xavier = (6.0 / (4 * width) as f64).sqrt();
        let weight = &mut projection[..3 * width * width];
        first.source(".projection").uniform(xavier, weight);
        let weight = &mut output[..width * width];
        first.source(".output").uniform(bound(width), weight);
        first.source(".linear1").uniform(bound(width), linear1);
        first.source(".linear2").uniform(bound(self.units), linear2);
        norm1[..width].fill(1.0);
        norm2[..width].fill(1.0);
    }

    fn cost(&self) -> Cost {
        let (width, units) = (self.width as f64, self.units as f64);
        Cost {
            packed: 2.0,
            copies: Copies::Shares,
            // Input, its projections, the context, the middle, both normalised; the hidden units.
            kept_before: 8.0 * width + units,
            kept_after: 0.0,
            working: 8.0 * width + 2.0 * units,
            predicting: 8.0 * width + 2.0 * units,
            rate: 1.0,
        }
    }

    fn export(&self, export: &mut Export<'_>, x: Signal) -> Signal {
        let x = export.with_axes(x, Axes::BatchFirst);
        let placed = match self.positions {
            Positions::Sinusoidal => positions::export(export, &x.name, self.width),
            Positions::None => x.name.clone(),
        };
        let into = match self.norm_first {
            true => norm(export, "norm1", &placed),
            false => placed.clone(),
        };
        let attended = attention::export(export, &into, (self.width, self.heads));
        let mut middle = export.node("Add", "attention.added", &[&placed, &attended], &[]);
        if !self.norm_first {
            middle = norm(export, "norm1", &middle);
        }
        let into = match self.norm_first {
            true => norm(export, "norm2", &middle),
            false => middle.clone(),
        };
        let hidden = dense(export, "linear1", &into);
        let hidden = export.node("Relu", "relu", &[&hidden], &[]);
        let out = dense(export, "linear2", &hidden);
        let mut name = export.node("Add", "linear.added", &[&middle, &out], &[]);
        if !self.norm_first {
            name = norm(export, "norm2", &name);
        }
        Signal { name, ..x }
    }

    fn run(&self) -> Run<'_> {
        Run::Frames(self)
    }
}

/// One of the normalisations.
fn norm(export: &mut Export<'_>, part: &str, x: &str) -> String {
    let weight = export.constant(&format!("{part}.weight"));
    let bias = export.constant(&format!("{part}.bias"));
    let attributes = [
        ("axis", Attribute::Int(-1)),
        ("epsilon", Attribute::Float(EPSILON)),
    ];
    export.node(
        "LayerNormalization",
        part,
        &[x, &weight, &bias],
        &attributes,
    )
}

/// One of the fully connected layers.
fn dense(export: &mut Export<'_>, part: &str, x: &str) -> String {
    let weight = export.turned(&format!("{part}.weight"));
    let bias = export.constant(&format!("{part}.bias"));
    let product = export.node("MatMul", &format!("{part}.product"), &[x, &weight], &[]);
    export.node("Add", part, &[&product, &bias], &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::testing::{agrees_with_naive, agrees_with_pytorch};

    #[test]
    fn equals_the_naive_version() {
        for (width, heads, units) in [(1, 1, 1), (4, 2, 3), (6, 3, 2)] {
            for (norm_first, positions) in [(false, "sinusoidal"), (true, "none")] {
                let layer = format!(
                    r#"{{"layer":"transformer","heads":{heads},"units":{units},"norm_first":{norm_first},"positions":"{positions}"}}"#
                );
                agrees_with_naive(&layer, width, 5, |values, frames, _| {
                    let sinusoidal = positions == "sinusoidal";
                    let how = (norm_first, sinusoidal);
                    naive::forward(values, frames, (width, heads, units), how)
                });
            }
        }
    }

    #[test]
    fn equals_pytorch() {
        agrees_with_pytorch(include_str!("golden.json"));
    }

    #[test]
    fn heads_share_a_frame_evenly() {
        let layer = r#"{"layer":"transformer","heads":3}"#;
        let layer: super::super::Layer = serde_json::from_str(layer).unwrap();
        let before = Before {
            width: 8,
            states: None,
        };
        let refused = layer.options().sized(&before).unwrap_err();
        assert_eq!(refused, "3 heads cannot share 8 values of a frame evenly");
    }
}
