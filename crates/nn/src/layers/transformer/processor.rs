//! An encoder layer of a transformer on the processor.

use crate::layers::affine::{Affine, Sizes, parameter_gradients};
use crate::layers::frame_layer::{FrameLayer, Gradients, Share};
use crate::layers::layer_norm::rows::Normalised;
use crate::layers::spaced::SpacedFrames;

use super::attention::{Heads, Scratch};
use super::positions::{Positions, sinusoidal};

/// Added to the variance in both normalisations.
pub const EPSILON: f32 = 1e-5;

/// A layer and its sizes.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub width: usize,
    pub heads: usize,
    /// Hidden units of the fully connected layers.
    pub units: usize,
    pub norm_first: bool,
    pub positions: Positions,
}

/// The flat values, part by part: of the attention, the fully connected layers, the normalisations.
pub struct Parts<T> {
    pub projection: T,
    pub output: T,
    pub linear1: T,
    pub linear2: T,
    pub norm1: T,
    pub norm2: T,
}

/// Packed weights, and scales and offsets of the normalisations.
#[derive(Default)]
pub struct Weights {
    projection: Affine,
    output: Affine,
    linear1: Affine,
    linear2: Affine,
    norm1: Vec<f32>,
    norm2: Vec<f32>,
}

/// What the forward pass leaves: what goes into each fully connected layer, and both normalisations.
#[derive(Default)]
pub struct Kept {
    into_attention: Vec<f32>,
    projected: Vec<f32>,
    context: Vec<f32>,
    into_linear: Vec<f32>,
    hidden: Vec<f32>,
    norm1: Normalised,
    norm2: Normalised,
}

/// Adds `other` to `values`.
fn add(values: &mut [f32], other: &[f32]) {
    values.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
}

impl Block {
    /// Sizes of the projection of queries, keys and values, of that of the output, and of the fully connected layers.
    pub(super) fn sizes(&self) -> [Sizes; 4] {
        let of = |inputs, outputs| Sizes { inputs, outputs };
        let (width, units) = (self.width, self.units);
        [
            of(width, 3 * width),
            of(width, width),
            of(width, units),
            of(units, width),
        ]
    }

    /// The flat values, or their gradients, part by part.
    pub fn parts_mut<'a>(&self, values: &'a mut [f32]) -> Parts<&'a mut [f32]> {
        let mut rest = values;
        let mut next = |length: usize| {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(length);
            rest = after;
            own
        };
        let [projection, output, linear1, linear2] = self.sizes().map(Sizes::parameters);
        Parts {
            projection: next(projection),
            output: next(output),
            linear1: next(linear1),
            linear2: next(linear2),
            norm1: next(2 * self.width),
            norm2: next(2 * self.width),
        }
    }

    fn attention(&self) -> Heads {
        Heads {
            width: self.width,
            heads: self.heads,
        }
    }
}

impl FrameLayer for Block {
    type Weights = Weights;
    type Kept = Kept;
    type Scratch = Scratch;

    fn pack(&self, values: &[f32], backward: bool, _: bool, weights: &mut Weights) {
        let sizes = self.sizes();
        let mut rest = values;
        let layers = [
            &mut weights.projection,
            &mut weights.output,
            &mut weights.linear1,
            &mut weights.linear2,
        ];
        for (layer, sizes) in layers.into_iter().zip(sizes) {
            layer.pack(sizes, rest, backward);
            rest = &rest[sizes.parameters()..];
        }
        for norm in [&mut weights.norm1, &mut weights.norm2] {
            norm.clear();
            norm.extend_from_slice(&rest[..2 * self.width]);
            rest = &rest[2 * self.width..];
        }
    }

    fn forward(
        &self,
        _: &[f32],
        weights: &Weights,
        share: Share<'_>,
        input: &SpacedFrames,
        output: &mut SpacedFrames,
        kept: &mut Kept,
        scratch: &mut Scratch,
    ) {
        let width = self.width;
        let [of_projection, of_output, of_linear1, of_linear2] = self.sizes();
        let normalise = |norm: &mut Normalised, of: &[f32], x: &[f32]| {
            norm.forward(x, &of[..width], &of[width..], EPSILON)
        };
        let mut x = input.to_rows();
        if self.positions == Positions::Sinusoidal {
            let longest = input.lengths().iter().copied().max();
            let positions = sinusoidal(longest.unwrap_or(0), width);
            let mut rest = &mut x[..];
            for length in input.lengths() {
                let (own, after) = rest.split_at_mut(length * width);
                add(own, &positions);
                rest = after;
            }
        }
        kept.into_attention = match self.norm_first {
            true => normalise(&mut kept.norm1, &weights.norm1, &x),
            false => x.clone(),
        };
        kept.projected = weights
            .projection
            .apply(of_projection, &kept.into_attention);
        kept.context.resize(x.len(), 0.0);
        let (mut projected, mut context) = (&kept.projected[..], &mut kept.context[..]);
        for length in input.lengths() {
            let (own, rest) = projected.split_at(length * 3 * width);
            let (to, after) = context.split_at_mut(length * width);
            scratch.forward(self.attention(), own, to, share.stopped);
            (projected, context) = (rest, after);
        }
        add(&mut x, &weights.output.apply(of_output, &kept.context));
        if !self.norm_first {
            x = normalise(&mut kept.norm1, &weights.norm1, &x);
        }
        kept.into_linear = match self.norm_first {
            true => normalise(&mut kept.norm2, &weights.norm2, &x),
            false => x.clone(),
        };
        kept.hidden = weights.linear1.apply(of_linear1, &kept.into_linear);
        for value in &mut kept.hidden {
            // A value that is no number stays none, and is found in the loss.
            *value = if *value < 0.0 { 0.0 } else { *value };
        }
        add(&mut x, &weights.linear2.apply(of_linear2, &kept.hidden));
        if !self.norm_first {
            x = normalise(&mut kept.norm2, &weights.norm2, &x);
        }
        output.set_rows(&x);
    }

    fn backward(
        &self,
        weights: &Weights,
        share: Share<'_>,
        input: &SpacedFrames,
        grad_output: &SpacedFrames,
        kept: &Kept,
        gradients: Gradients<'_>,
        scratch: &mut Scratch,
    ) {
        let width = self.width;
        let [of_projection, of_output, of_linear1, of_linear2] = self.sizes();
        let own = self.parts_mut(gradients.values);
        let unnormalise = |norm: &Normalised, scales: &[f32], g: &[f32], own: &mut [f32]| {
            let (of_scale, of_offset) = own.split_at_mut(width);
            norm.backward(g, &scales[..width], of_scale, of_offset)
        };
        let mut of_x = grad_output.to_rows();
        if !self.norm_first {
            of_x = unnormalise(&kept.norm2, &weights.norm2, &of_x, own.norm2);
        }
        let mut of_hidden = vec![0.0; kept.hidden.len()];
        let linear2 = &weights.linear2;
        linear2.add_input_gradient(of_linear2, &of_x, &mut of_hidden);
        parameter_gradients(of_linear2, &kept.hidden, &of_x, own.linear2);
        for (g, hidden) in of_hidden.iter_mut().zip(&kept.hidden) {
            *g = if *hidden > 0.0 { *g } else { 0.0 };
        }
        let mut of_into = vec![0.0; of_x.len()];
        let linear1 = &weights.linear1;
        linear1.add_input_gradient(of_linear1, &of_hidden, &mut of_into);
        parameter_gradients(of_linear1, &kept.into_linear, &of_hidden, own.linear1);
        if self.norm_first {
            of_into = unnormalise(&kept.norm2, &weights.norm2, &of_into, own.norm2);
        }
        add(&mut of_x, &of_into);
        if !self.norm_first {
            of_x = unnormalise(&kept.norm1, &weights.norm1, &of_x, own.norm1);
        }
        let mut of_context = vec![0.0; of_x.len()];
        let out = &weights.output;
        out.add_input_gradient(of_output, &of_x, &mut of_context);
        parameter_gradients(of_output, &kept.context, &of_x, own.output);
        let mut of_projected = vec![0.0; kept.projected.len()];
        let mut first = 0;
        for length in input.lengths() {
            let rows = first..first + length;
            let wide = 3 * width * rows.start..3 * width * rows.end;
            let narrow = width * rows.start..width * rows.end;
            scratch.backward(
                self.attention(),
                &kept.projected[wide.clone()],
                &of_context[narrow],
                &mut of_projected[wide],
                share.stopped,
            );
            first += length;
        }
        parameter_gradients(
            of_projection,
            &kept.into_attention,
            &of_projected,
            own.projection,
        );
        let Some(of_input) = gradients.input else {
            if self.norm_first {
                let mut of_into = vec![0.0; of_x.len()];
                let projection = &weights.projection;
                projection.add_input_gradient(of_projection, &of_projected, &mut of_into);
                unnormalise(&kept.norm1, &weights.norm1, &of_into, own.norm1);
            }
            return;
        };
        let mut of_into = vec![0.0; of_x.len()];
        let projection = &weights.projection;
        projection.add_input_gradient(of_projection, &of_projected, &mut of_into);
        if self.norm_first {
            of_into = unnormalise(&kept.norm1, &weights.norm1, &of_into, own.norm1);
        }
        add(&mut of_x, &of_into);
        of_input.set_rows(&of_x);
    }
}
