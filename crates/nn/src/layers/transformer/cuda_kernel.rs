//! An encoder layer of a transformer on the device, for several models at once.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::affine_kernel::AffineRows;
use crate::layers::layer_norm::cuda_kernel::{Normalised, RowNorm};
use crate::layers::on_device::{
    Demand, DeviceArrays, DeviceFrames, DeviceLayer, DeviceRun, DeviceScope,
};
use crate::model::cuda::{Card, Memory, Pointer, Tables, arguments};

use super::attention_kernel::Attention;
use super::positions::Positions;
use super::processor::{Block, EPSILON};
use super::rows_kernel::{Arrays, Layer};

/// Queries, keys and values.
const PROJECTIONS: usize = 3;

/// What the forward pass leaves for the backward pass.
pub struct Kept {
    /// What goes into the projection, where it is not what the first normalisation keeps.
    into_attention: Memory,
    /// `[3, models, heads, rows, width / heads]`.
    projected: Memory,
    context: Memory,
    into_linear: Memory,
    /// After ReLU, with whether each is above 0.
    hidden: Memory,
    passed: Memory<u8>,
    norm1: Normalised,
    norm2: Normalised,
}

impl Block {
    /// Projection, output of the attention, and both fully connected layers.
    fn products(&self, rows: usize, models: usize) -> [AffineRows; 4] {
        self.sizes().map(|sizes| AffineRows {
            inputs: sizes.inputs,
            outputs: sizes.outputs,
            rows,
            models,
        })
    }

    fn norm(&self, rows: usize, models: usize) -> RowNorm {
        RowNorm {
            rows,
            width: self.width,
            models,
            epsilon: EPSILON,
        }
    }

    fn attention_over<'a>(
        &self,
        card: &'a Arc<Card>,
        places: &'a [(usize, usize)],
        rows: usize,
        models: usize,
    ) -> Attention<'a> {
        Attention {
            card,
            places,
            rows,
            models,
            heads: self.heads,
            part: self.width / self.heads,
        }
    }

    /// The frames with their positions.
    fn positioned(&self, run: &DeviceRun<'_>, input: DeviceFrames) -> Result<Memory, CudaError> {
        if self.positions == Positions::None {
            return Ok(input.values);
        }
        let (card, packed, before, width) = (run.card, run.packed, run.before, self.width);
        let places = packed.packing.places(before);
        let longest = places.iter().map(|place| place.1).max().unwrap_or(0);
        let positions = Memory::<f32>::new(card, longest * width)?;
        card.launch_rows(
            "transformer_positions",
            (width, longest, 1),
            arguments![of positions, int longest, int width],
        )?;
        let positioned = Memory::new(card, run.models * before.rows * width)?;
        card.launch_rows(
            "transformer_add_positions",
            (width, before.rows, run.models),
            arguments![
                of positioned, of input.values, of positions, at packed.at(before.utterance_of),
                at packed.at(before.first), int before.rows, int width, int input.shared,
            ],
        )?;
        Ok(positioned)
    }
}

impl DeviceLayer for Block {
    type Tables = ();
    type Kept = Kept;

    /// Adding positions makes frames of each model.
    fn takes_shared(&self) -> bool {
        self.positions != Positions::None
    }

    fn lay(&self, _: usize, _: &[usize], _: &mut Tables) {}

    fn demand(&self, scope: &DeviceScope<'_>) -> Demand {
        let (rows, models) = (scope.rows(), scope.models);
        let places: Vec<(usize, usize)> = scope.counts.iter().map(|&n| (0, n)).collect();
        let attention = self.attention_over(scope.card, &places, rows, models);
        let norm = self.norm(rows, models).demand();
        let products = self.products(rows, models);
        let working = products.map(|product| product.working(scope.card));
        let (width, units) = (self.width, self.units);
        Demand {
            // With positions, projected, context, what goes into both products and normalisations; hidden units.
            kept: models * rows * (8 * width + 2 * units) + 2 * norm.kept,
            // Gradients of all of these, and scores.
            working: models * rows * (10 * width + units)
                + 2 * attention.scores()
                + working.into_iter().chain([norm.working]).max().unwrap_or(0),
        }
    }

    fn forward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        values: &[Pointer],
        input: DeviceFrames,
    ) -> Result<(Memory, Kept), CudaError> {
        let (arrays, layer) = (Arrays::new(values), Layer::new(run, self));
        let (card, rows, models, width) = (run.card, layer.rows, layer.models, self.width);
        let places = run.packed.packing.places(run.before);
        let [of_projection, of_output, of_linear1, of_linear2] = self.products(rows, models);
        let normalise = |x: Memory, of: [Pointer; 2], norm: &mut Option<Normalised>| {
            let x = DeviceFrames {
                values: x,
                shared: false,
            };
            let (out, own) = self.norm(rows, models).forward(card, x, of)?;
            *norm = Some(own);
            Ok::<_, CudaError>(out)
        };
        // What goes past attention and fully connected layers goes into them, or into a normalisation before them.
        let past = |norm: &Option<Normalised>, into: &Memory| match norm {
            Some(norm) => norm.input.values.at(0),
            None => into.at(0),
        };
        let (mut norm1, mut norm2) = (None, None);
        let mut into_attention = self.positioned(run, input)?;
        if self.norm_first {
            into_attention = normalise(into_attention, arrays.norm1, &mut norm1)?;
        }
        let together = layer.apply(of_projection, &into_attention, arrays.projection)?;
        let projected = layer.room(PROJECTIONS * width)?;
        layer.heads(&projected, &together, PROJECTIONS, false)?;
        drop(together);
        let attention = self.attention_over(card, &places, rows, models);
        let apart = attention.forward(&projected)?;
        let context = layer.room(width)?;
        layer.heads(&apart, &context, 1, true)?;
        drop(apart);
        let y = layer.apply(of_output, &context, arrays.output)?;
        layer.add(&y, past(&norm1, &into_attention))?;
        let into_linear = match self.norm_first {
            true => normalise(y, arrays.norm2, &mut norm2)?,
            false => normalise(y, arrays.norm1, &mut norm1)?,
        };
        let hidden = layer.apply(of_linear1, &into_linear, arrays.linear1)?;
        let length = rows * self.units;
        let passed = Memory::new(card, models * length)?;
        card.launch(
            "linear_relu",
            (length, models),
            arguments![of hidden, of passed, int length],
        )?;
        let mut out = layer.apply(of_linear2, &hidden, arrays.linear2)?;
        layer.add(&out, past(&norm2, &into_linear))?;
        if !self.norm_first {
            out = normalise(out, arrays.norm2, &mut norm2)?;
        }
        let (Some(norm1), Some(norm2)) = (norm1, norm2) else {
            unreachable!("both normalisations are always there");
        };
        let kept = Kept {
            into_attention,
            projected,
            context,
            into_linear,
            hidden,
            passed,
            norm1,
            norm2,
        };
        Ok((out, kept))
    }

    fn backward(
        &self,
        run: &DeviceRun<'_>,
        (): &(),
        kept: Kept,
        arrays: DeviceArrays<'_>,
        of_output: Pointer,
        input_gradient: bool,
    ) -> Result<Option<Memory>, CudaError> {
        let (own, of) = (Arrays::new(arrays.values), Arrays::new(arrays.gradients));
        let layer = Layer::new(run, self);
        let (card, rows, models, width) = (run.card, layer.rows, layer.models, self.width);
        let places = run.packed.packing.places(run.before);
        let [of_projection, of_output_layer, of_linear1, of_linear2] = self.products(rows, models);
        let unnormalise = |norm: &Normalised, scale, from: Pointer, gradients, input_gradient| {
            let rows = self.norm(rows, models);
            rows.backward(card, norm, scale, from, gradients, input_gradient)
        };
        // dL/d(sum after the fully connected layers).
        let of_z = match self.norm_first {
            true => None,
            false => unnormalise(&kept.norm2, own.norm2[0], of_output, of.norm2, true)?,
        };
        let of_sum = of_z.as_ref().map_or(of_output, |of_z| of_z.at(0));
        let of_hidden = layer.back(of_linear2, &kept.hidden, of_sum, own.linear2[0], of.linear2)?;
        let length = rows * self.units;
        card.launch(
            "linear_relu_back",
            (length, models),
            arguments![of of_hidden, of of_hidden, of kept.passed, int length],
        )?;
        let mut of_y = layer.back(
            of_linear1,
            &kept.into_linear,
            of_hidden.at(0),
            own.linear1[0],
            of.linear1,
        )?;
        drop(of_hidden);
        if self.norm_first {
            of_y = needed(unnormalise(
                &kept.norm2,
                own.norm2[0],
                of_y.at(0),
                of.norm2,
                true,
            )?);
        }
        layer.add(&of_y, of_sum)?;
        drop(of_z);
        if !self.norm_first {
            of_y = needed(unnormalise(
                &kept.norm1,
                own.norm1[0],
                of_y.at(0),
                of.norm1,
                true,
            )?);
        }
        let of_context = layer.back(
            of_output_layer,
            &kept.context,
            of_y.at(0),
            own.output[0],
            of.output,
        )?;
        let apart = layer.room(width)?;
        layer.heads(&apart, &of_context, 1, false)?;
        drop(of_context);
        let attention = self.attention_over(card, &places, rows, models);
        let of_heads = attention.backward(&kept.projected, &apart)?;
        let of_projected = layer.room(PROJECTIONS * width)?;
        layer.heads(&of_heads, &of_projected, PROJECTIONS, true)?;
        drop((apart, of_heads));
        let from = of_projected.at(0);
        layer.back_to_values(of_projection, &kept.into_attention, from, of.projection)?;
        if !input_gradient && !self.norm_first {
            return Ok(None);
        }
        let mut of_x = layer.room(width)?;
        of_projection.input_gradient(card, from, own.projection[0], of_x.at(0), false)?;
        if self.norm_first {
            let from = of_x.at(0);
            let of_input = unnormalise(&kept.norm1, own.norm1[0], from, of.norm1, input_gradient)?;
            let Some(of_input) = of_input else {
                return Ok(None);
            };
            of_x = of_input;
        }
        layer.add(&of_x, of_y.at(0))?;
        Ok(Some(of_x))
    }
}

/// A gradient that was asked for.
fn needed(gradient: Option<Memory>) -> Memory {
    match gradient {
        Some(gradient) => gradient,
        None => unreachable!("the gradient of the rows was asked for"),
    }
}
