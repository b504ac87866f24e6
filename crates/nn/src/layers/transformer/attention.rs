//! Multi-head self-attention over the frames of one utterance: for each head `softmax(Q Kᵀ / sqrt(d)) V`.
//!
//! Queries are taken block by block, so that the weights of all frames for all frames are never in memory at once; the
//! backward pass computes them again.

use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

use crate::layers::activation::softmax;
use crate::layers::sums::dot;
use crate::onnx::{Attribute, Export};

/// Queries of a block.
const BLOCK: usize = 64;

/// Sizes of a frame: all heads share its width evenly.
#[derive(Clone, Copy)]
pub struct Heads {
    pub width: usize,
    pub heads: usize,
}

/// Buffers of one thread.
#[derive(Default)]
pub struct Scratch {
    keys: Packed,
    values: Packed,
    keys_back: Packed,
    values_back: Packed,
    of_block: Packed,
    weights: Vec<f32>,
    of_weights: Vec<f32>,
}

impl Heads {
    /// Values of a head.
    fn part(self) -> usize {
        self.width / self.heads
    }

    fn scale(self) -> f32 {
        1.0 / (self.part() as f32).sqrt()
    }

    /// Where the queries, keys and values of a head begin in a row of projections.
    fn places(self, head: usize) -> [usize; 3] {
        [0, 1, 2].map(|which| which * self.width + head * self.part())
    }
}

impl Scratch {
    /// The weights of a block of queries for all frames, `[rows, frames]`, from packed keys.
    fn weigh(&mut self, heads: Heads, queries: &[f32], rows: usize, frames: usize) {
        self.weights.resize(rows * frames, 0.0);
        let (stride, keys) = (3 * heads.width, &self.keys);
        multiply(
            rows,
            queries,
            stride,
            keys,
            &mut self.weights,
            frames,
            false,
        );
        for row in self.weights.chunks_exact_mut(frames) {
            row.iter_mut().for_each(|score| *score *= heads.scale());
            softmax(row);
        }
    }

    /// The context `[frames, width]` from projections `[frames, 3 width]`: queries, keys and values side by side.
    /// Incomplete once `stopped` says so.
    pub fn forward(
        &mut self,
        heads: Heads,
        projected: &[f32],
        context: &mut [f32],
        stopped: &dyn Fn() -> bool,
    ) {
        let (width, part, stride) = (heads.width, heads.part(), 3 * heads.width);
        let frames = projected.len() / stride;
        for head in 0..heads.heads {
            let [queries, keys, values] = heads.places(head);
            self.keys.pack(&projected[keys..], part, frames, 1, stride);
            self.values
                .pack(&projected[values..], frames, part, stride, 1);
            for first in (0..frames).step_by(BLOCK) {
                if stopped() {
                    return;
                }
                let rows = BLOCK.min(frames - first);
                let own = &projected[first * stride + queries..];
                self.weigh(heads, own, rows, frames);
                let to = &mut context[first * width + head * part..];
                multiply(rows, &self.weights, frames, &self.values, to, width, false);
            }
        }
    }

    /// dL/d(projections), overwritten, from dL/d(context). Incomplete once `stopped` says so.
    pub fn backward(
        &mut self,
        heads: Heads,
        projected: &[f32],
        gradient: &[f32],
        of_projected: &mut [f32],
        stopped: &dyn Fn() -> bool,
    ) {
        let (width, part, stride) = (heads.width, heads.part(), 3 * heads.width);
        let frames = projected.len() / stride;
        of_projected.fill(0.0);
        for head in 0..heads.heads {
            let [queries, keys, values] = heads.places(head);
            self.keys.pack(&projected[keys..], part, frames, 1, stride);
            self.keys_back
                .pack(&projected[keys..], frames, part, stride, 1);
            self.values_back
                .pack(&projected[values..], part, frames, 1, stride);
            for first in (0..frames).step_by(BLOCK) {
                if stopped() {
                    return;
                }
                let rows = BLOCK.min(frames - first);
                let own = &projected[first * stride + queries..];
                self.weigh(heads, own, rows, frames);
                let of_context = &gradient[first * width + head * part..];
                let block = &mut self.of_block;
                block.pack(of_context, rows, part, width, 1);
                let to = &mut of_projected[values..];
                multiply_transposed(frames, &self.weights, frames, &*block, to, stride, true);
                self.of_weights.resize(rows * frames, 0.0);
                let (back, to) = (&self.values_back, &mut self.of_weights);
                multiply(rows, of_context, width, back, to, frames, false);
                let both = self.of_weights.chunks_exact_mut(frames);
                for (of_row, row) in both.zip(self.weights.chunks_exact(frames)) {
                    let mean = dot(of_row, row);
                    for (g, weight) in of_row.iter_mut().zip(row) {
                        *g = (*g - mean) * weight * heads.scale();
                    }
                }
                let of_scores = &self.of_weights;
                let to = &mut of_projected[first * stride + queries..];
                multiply(rows, of_scores, frames, &self.keys_back, to, stride, true);
                block.pack(own, rows, part, stride, 1);
                let to = &mut of_projected[keys..];
                multiply_transposed(frames, of_scores, frames, &*block, to, stride, true);
            }
        }
    }
}

/// The attention's part of an ONNX graph over the value `x` `[batch, frames, width]`, both projections included.
pub fn export(export: &mut Export<'_>, x: &str, (width, heads): (usize, usize)) -> String {
    let weight = export.turned("self_attn.in_proj_weight");
    let bias = export.constant("self_attn.in_proj_bias");
    let product = export.node("MatMul", "projected.product", &[x, &weight], &[]);
    let projected = export.node("Add", "projected", &[&product, &bias], &[]);
    let part = width / heads;
    let [apart, together, scale] =
        ["heads.apart", "heads.together", "scale"].map(|part| export.named(part));
    let which = [0, 1, 2].map(|which| export.named(&format!("projection.{which}")));
    let graph = &mut *export.graph;
    graph.ints(&apart, &[5], &[0, 0, 3, heads as i64, part as i64]);
    graph.ints(&together, &[3], &[0, 0, width as i64]);
    graph.floats(&scale, &[1], &[1.0 / (part as f32).sqrt()]);
    for (at, name) in which.iter().enumerate() {
        graph.int(name, at as i64);
    }
    let order = |axes: &[i64]| [("perm", Attribute::ints(axes))];
    let apart = export.node("Reshape", "heads", &[&projected, &apart], &[]);
    let apart = export.node("Transpose", "of_heads", &[&apart], &order(&[2, 0, 3, 1, 4]));
    let mut taken = |name: &str, which: &str| export.node("Gather", name, &[&apart, which], &[]);
    let (queries, keys, values) = (
        taken("queries", &which[0]),
        taken("keys", &which[1]),
        taken("values", &which[2]),
    );
    let keys = export.node("Transpose", "keys_turned", &[&keys], &order(&[0, 1, 3, 2]));
    let scores = export.node("MatMul", "scores", &[&queries, &keys], &[]);
    let scores = export.node("Mul", "scaled_scores", &[&scores, &scale], &[]);
    let last = [("axis", Attribute::Int(-1))];
    let weights = export.node("Softmax", "weights", &[&scores], &last);
    let context = export.node("MatMul", "context", &[&weights, &values], &[]);
    let context = export.node(
        "Transpose",
        "side_by_side",
        &[&context],
        &order(&[0, 2, 1, 3]),
    );
    let context = export.node("Reshape", "context_of_all", &[&context, &together], &[]);
    let weight = export.turned("self_attn.out_proj.weight");
    let bias = export.constant("self_attn.out_proj.bias");
    let product = export.node("MatMul", "attended.product", &[&context, &weight], &[]);
    export.node("Add", "attended", &[&product, &bias], &[])
}
