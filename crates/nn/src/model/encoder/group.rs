//! The recurrent layers over one fixed group of sequences.

use pipe_foundation::Buffer;

use crate::model::EncoderShape;
use crate::model::ops::lstm::{DirectionPass, Steps};

/// Sequences that walk through time together, longest first.
#[derive(Default)]
pub(super) struct Group {
    /// Positions in the batch, by rank.
    pub(super) members: Vec<usize>,
    pub(super) lengths: Vec<usize>,
    pub(super) steps: Steps,
    pub(super) layers: Vec<LayerPass>,
}

/// One recurrent layer's input, states and gradients.
#[derive(Default)]
pub(super) struct LayerPass {
    /// `[rows, input]`.
    pub(super) input: Buffer,
    pub(super) directions: Vec<DirectionPass>,
    /// dL/d(hidden) of each direction.
    pub(super) grad_hidden: Vec<Buffer>,
}

impl Group {
    /// Takes new sequences; `lengths` never rise.
    pub(super) fn reset(&mut self, shape: &EncoderShape, members: Vec<usize>, lengths: Vec<usize>) {
        self.steps = Steps::new(&lengths);
        self.members = members;
        self.lengths = lengths;
        self.layers
            .resize_with(shape.lstms.len(), LayerPass::default);
        for (layer, lstm) in self.layers.iter_mut().zip(&shape.lstms) {
            layer.input.resize(self.steps.rows() * lstm.input);
            layer
                .directions
                .resize_with(lstm.directions, DirectionPass::default);
            layer
                .grad_hidden
                .resize_with(lstm.directions, Buffer::default);
        }
    }

    /// Concatenates the directions of `layer - 1` into the input of `layer`.
    pub(super) fn stack(&mut self, shape: &EncoderShape, layer: usize) {
        let (below, above) = self.layers.split_at_mut(layer);
        let units = shape.lstms[layer - 1].units;
        let width = shape.lstms[layer].input;
        for (direction, pass) in below[layer - 1].directions.iter().enumerate() {
            let rows = above[0].input.chunks_exact_mut(width);
            for (row, hidden) in rows.zip(pass.hidden().chunks_exact(units)) {
                row[direction * units..][..units].copy_from_slice(hidden);
            }
        }
    }

    /// Splits dL/d(input) of `layer` into dL/d(hidden) of the directions of `layer - 1`.
    pub(super) fn unstack(&mut self, shape: &EncoderShape, layer: usize) {
        let units = shape.lstms[layer - 1].units;
        let width = shape.lstms[layer].input;
        let (below, above) = self.layers.split_at_mut(layer);
        for (direction, grad) in below[layer - 1].grad_hidden.iter_mut().enumerate() {
            grad.zeroed(self.steps.rows() * units);
            for pass in &above[0].directions {
                for (to, from) in grad
                    .chunks_exact_mut(units)
                    .zip(pass.grad_input().chunks_exact(width))
                {
                    to.iter_mut()
                        .zip(&from[direction * units..])
                        .for_each(|(sum, g)| *sum += g);
                }
            }
        }
    }
}
