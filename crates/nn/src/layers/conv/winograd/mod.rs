//! The convolution of width 5 by winograd filtering: ten products for six frames instead of thirty.
//!
//! Tiles of six convolved frames begin with each utterance, and rows beyond its own are zeros, so that
//! an utterance's result does not depend on its neighbours. The transformed frames of the forward pass
//! serve the weight gradient; the transformed output gradient serves both gradients.

mod transform;

use pipe_foundation::Buffer;
use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};
use transform::{
    POINTS, TAPS, TILE, add_frames, gather_taps, transform_frames, transform_outputs,
    transform_products, transform_taps,
};

use super::passes::{BlockGradients, BlockPass, Scratch};
use super::pool;
use super::pool::Columns;
use crate::layers::conv::shape::ConvShape;
use crate::layers::spaced::SpacedFrames;

/// Columns whose products stay in the second-level cache until they are transformed back.
const COLUMN_BLOCK: usize = 64;
/// Input channels whose weight gradient at all points stays in the second-level cache.
const CHANNEL_BLOCK: usize = 32;

/// Whether a block is computed this way.
pub(super) fn serves(shape: &ConvShape) -> bool {
    shape.width == TAPS
}

/// One packed matrix for each point from `[taps, depth, columns]`; `points` is a buffer.
pub(super) fn pack(
    taps: &[f32],
    depth: usize,
    columns: usize,
    points: &mut Buffer,
    packed: &mut Vec<Packed>,
) {
    let size = depth * columns;
    points.resize(POINTS * size);
    transform_taps(taps, size, points);
    packed.resize_with(POINTS, Packed::default);
    for (packed, plane) in packed.iter_mut().zip(points.chunks_exact(size.max(1))) {
        packed.pack(plane, depth, columns, columns, 1);
    }
}

/// The taps' matrices, each transposed: `[taps, output, input]`.
pub(super) fn transposed(shape: &ConvShape, weight: &[f32]) -> Vec<f32> {
    let (input, output) = (shape.input, shape.output);
    let mut out = vec![0.0; weight.len()];
    let taps = weight.chunks_exact((input * output).max(1));
    for (from, to) in taps.zip(out.chunks_exact_mut((input * output).max(1))) {
        // In squares: a whole column would touch a new cache line for each value.
        for first in (0..input).step_by(16) {
            for o in 0..output {
                for i in first..input.min(first + 16) {
                    to[o * input + i] = from[i * output + o];
                }
            }
        }
    }
    out
}

/// One utterance's place among the tiles.
struct Place {
    /// First row of its first window.
    window: usize,
    /// Frames that the pooling reads.
    convolved: usize,
    first: usize,
    tiles: usize,
}

impl Place {
    /// Rows that its windows read.
    fn rows(&self) -> usize {
        self.convolved + TAPS - 1
    }
}

/// The places of all utterances and the number of tiles.
fn places(shape: &ConvShape, input: &SpacedFrames, pooled: &[usize]) -> (Vec<Place>, usize) {
    let mut first = 0;
    let starts = input.window_starts().zip(pooled);
    let places = starts
        .map(|(window, &pooled)| {
            let convolved = match pooled {
                0 => 0,
                _ => (pooled - 1) * shape.pool_stride + shape.pool_width,
            };
            let tiles = convolved.div_ceil(TILE);
            first += tiles;
            Place {
                window,
                convolved,
                first: first - tiles,
                tiles,
            }
        })
        .collect();
    (places, first)
}

/// Forward with the matrices of [`pack`].
pub(super) fn forward(
    shape: &ConvShape,
    weights: &[Packed],
    bias: &[f32],
    input: &SpacedFrames,
    output: &mut SpacedFrames,
    pass: &mut BlockPass,
    scratch: &mut Scratch,
) {
    let pooled = output.lengths().to_vec();
    let (places, tiles) = places(shape, input, &pooled);
    if tiles == 0 {
        return;
    }
    let depth = shape.input;
    pass.transformed.resize(POINTS * tiles * depth);
    scratch.zeros.resize(depth, 0.0);
    for place in &places {
        let frames = &input.values()[place.window * depth..][..place.rows() * depth];
        transform_frames(
            frames,
            &scratch.zeros,
            depth,
            place.first,
            place.tiles,
            &mut pass.transformed,
        );
    }
    let starts: Vec<usize> = output.starts().collect();
    for first in (0..shape.output).step_by(COLUMN_BLOCK) {
        let columns = COLUMN_BLOCK.min(shape.output - first);
        scratch.products.resize(POINTS * tiles * columns);
        point_products(
            &pass.transformed,
            weights,
            first..first + columns,
            tiles,
            &mut scratch.products,
        );
        let mut done = 0;
        for ((place, &length), &start) in places.iter().zip(&pooled).zip(&starts) {
            let needed = place.tiles * TILE * columns;
            scratch.convolved.resize(needed);
            transform_products(
                &scratch.products,
                columns,
                place.first,
                place.tiles,
                &mut scratch.convolved,
            );
            let count = length * shape.output;
            pool::forward(
                shape,
                &bias[first..first + columns],
                &scratch.convolved,
                Columns {
                    channels: columns,
                    first,
                    length,
                },
                &mut output.values_mut()[start * shape.output..][..count],
                &mut pass.arg_max[done..done + count],
            );
            done += count;
        }
    }
}

/// At each point: `left` `[tiles, depth]` times some columns of the weights.
fn point_products(
    left: &[f32],
    weights: &[Packed],
    columns: std::ops::Range<usize>,
    tiles: usize,
    out: &mut [f32],
) {
    let width = columns.len();
    let depth = left.len() / (POINTS * tiles);
    let planes = left.chunks_exact(tiles * depth);
    let outs = out.chunks_exact_mut(tiles * width);
    for ((left, weight), out) in planes.zip(weights).zip(outs) {
        let right = weight.panels(columns.clone());
        multiply(tiles, left, depth, right, out, width, false);
    }
}

/// Backward with the matrices of [`pack`] over the [`transposed`] taps.
pub(super) fn backward(
    shape: &ConvShape,
    weights: Option<&[Packed]>,
    input: &SpacedFrames,
    grad_output: &SpacedFrames,
    pass: &BlockPass,
    gradients: BlockGradients<'_>,
    scratch: &mut Scratch,
) {
    let channels = shape.output;
    let (places, tiles) = places(shape, input, grad_output.lengths());
    gradients.weight.fill(0.0);
    if tiles == 0 {
        return;
    }
    scratch.transformed.resize(POINTS * tiles * channels);
    let mut done = 0;
    let outputs = grad_output.starts().zip(grad_output.lengths());
    for (place, (start, length)) in places.iter().zip(outputs) {
        let count = length * channels;
        scratch.convolved.zeroed(place.tiles * TILE * channels);
        pool::backward(
            shape,
            &grad_output.values()[start * channels..][..count],
            &pass.arg_max[done..done + count],
            &mut scratch.convolved,
            gradients.bias,
        );
        done += count;
        transform_outputs(
            &scratch.convolved,
            channels,
            place.first,
            place.tiles,
            &mut scratch.transformed,
        );
    }
    weight_gradient(shape, tiles, &pass.transformed, gradients.weight, scratch);
    if let Some((weights, grad_input)) = weights.zip(gradients.input) {
        grad_input.values_mut().fill(0.0);
        for first in (0..shape.input).step_by(COLUMN_BLOCK) {
            let columns = COLUMN_BLOCK.min(shape.input - first);
            scratch.products.resize(POINTS * tiles * columns);
            point_products(
                &scratch.transformed,
                weights,
                first..first + columns,
                tiles,
                &mut scratch.products,
            );
            for place in &places {
                add_frames(
                    &scratch.products,
                    columns,
                    place.first,
                    place.tiles,
                    &mut grad_input.values_mut()[place.window * shape.input + first..],
                    shape.input,
                    place.rows(),
                );
            }
        }
    }
}

/// dL/d(weight) from the transformed frames and the transformed output gradient of `scratch`.
fn weight_gradient(
    shape: &ConvShape,
    tiles: usize,
    frames: &[f32],
    gradient: &mut [f32],
    scratch: &mut Scratch,
) {
    let channels = shape.output;
    scratch.packed.resize_with(POINTS, Packed::default);
    let planes = scratch.transformed.chunks_exact(tiles * channels);
    for (packed, plane) in scratch.packed.iter_mut().zip(planes) {
        packed.pack(plane, tiles, channels, channels, 1);
    }
    for first in (0..shape.input).step_by(CHANNEL_BLOCK) {
        let rows = CHANNEL_BLOCK.min(shape.input - first);
        let size = rows * channels;
        scratch.products.resize(POINTS * size);
        let outs = scratch.products.chunks_exact_mut(size);
        let planes = frames.chunks_exact(tiles * shape.input);
        for ((out, plane), packed) in outs.zip(planes).zip(&scratch.packed) {
            let left = &plane[first..];
            multiply_transposed(rows, left, shape.input, packed, out, channels, false);
        }
        let to = &mut gradient[first * channels..];
        gather_taps(&scratch.products, size, to, shape.input * channels);
    }
}
