//! Recurrent layers, one after the other, over one fixed group of sequences.

use pipe_foundation::Buffer;

use crate::layers::{AnyRecurrentLayer, Slot, Steps};

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
    /// Values of a row of the input.
    width: usize,
    /// `[rows, width]`.
    pub(super) input: Buffer,
    pub(super) directions: Vec<Direction>,
}

/// What one direction of a layer computes.
#[derive(Default)]
pub(super) struct Direction {
    pub(super) pass: Slot,
    /// dL/d(states) `[rows, units]`.
    pub(super) grad_hidden: Buffer,
}

impl Group {
    /// Takes new sequences; `lengths` never rise. `layers` have the widths of their inputs.
    pub(super) fn reset(
        &mut self,
        layers: &[(usize, &dyn AnyRecurrentLayer)],
        members: Vec<usize>,
        lengths: Vec<usize>,
    ) {
        self.steps = Steps::new(&lengths);
        self.members = members;
        self.lengths = lengths;
        self.layers.resize_with(layers.len(), LayerPass::default);
        for (pass, (width, layer)) in self.layers.iter_mut().zip(layers) {
            pass.width = *width;
            pass.input.resize(self.steps.rows() * width);
            pass.directions
                .resize_with(layer.directions(), Direction::default);
        }
    }

    /// Takes the frames of the sequence with this rank as input of the first layer.
    pub(super) fn read(&mut self, rank: usize, frames: &[f32]) {
        let Some(layer) = self.layers.first_mut() else {
            return;
        };
        let (width, length) = (layer.width, self.lengths[rank]);
        for (t, frame) in frames.chunks_exact(width).take(length).enumerate() {
            layer.input[self.steps.row(rank, t) * width..][..width].copy_from_slice(frame);
        }
    }

    /// Concatenates the directions of the layer `below` into the input of the next.
    pub(super) fn stack(&mut self, below: usize, layer: &dyn AnyRecurrentLayer) {
        let (before, above) = self.layers.split_at_mut(below + 1);
        let units = layer.units();
        let width = above[0].width;
        for (direction, own) in before[below].directions.iter().enumerate() {
            let rows = above[0].input.chunks_exact_mut(width);
            for (row, hidden) in rows.zip(layer.hidden(&own.pass).chunks_exact(units)) {
                row[direction * units..][..units].copy_from_slice(hidden);
            }
        }
    }

    /// Writes the states of `last`, the last layer, for the sequence with this rank: `[frames, width]`.
    pub(super) fn write_states(
        &self,
        last: &dyn AnyRecurrentLayer,
        rank: usize,
        width: usize,
        to: &mut [f32],
    ) {
        let (units, length) = (last.units(), self.lengths[rank]);
        let directions = self.layers.last().map_or(&[][..], |own| &own.directions);
        for (direction, own) in directions.iter().enumerate() {
            let hidden = last.hidden(&own.pass);
            for (t, frame) in to.chunks_exact_mut(width).take(length).enumerate() {
                let row = &hidden[self.steps.row(rank, t) * units..][..units];
                frame[direction * units..][..units].copy_from_slice(row);
            }
        }
    }

    /// Takes dL/d(states) of `last`, the last layer, for the sequence with this rank: `[frames, width]`.
    pub(super) fn read_gradient(
        &mut self,
        last: &dyn AnyRecurrentLayer,
        rank: usize,
        width: usize,
        from: &[f32],
    ) {
        let (units, length) = (last.units(), self.lengths[rank]);
        let Some(layer) = self.layers.last_mut() else {
            return;
        };
        for (direction, own) in layer.directions.iter_mut().enumerate() {
            own.grad_hidden.resize(self.steps.rows() * units);
            for (t, frame) in from.chunks_exact(width).take(length).enumerate() {
                let row = &mut own.grad_hidden[self.steps.row(rank, t) * units..][..units];
                row.copy_from_slice(&frame[direction * units..][..units]);
            }
        }
    }

    /// Splits dL/d(input) of the layer `above` into dL/d(states) of the directions of the one below it.
    pub(super) fn unstack(
        &mut self,
        above: usize,
        (below, layer): (&dyn AnyRecurrentLayer, &dyn AnyRecurrentLayer),
    ) {
        let units = below.units();
        let (before, after) = self.layers.split_at_mut(above);
        let width = after[0].width;
        for (direction, own) in before[above - 1].directions.iter_mut().enumerate() {
            let grad = own.grad_hidden.zeroed(self.steps.rows() * units);
            for pass in &after[0].directions {
                let from = layer.grad_input(&pass.pass).chunks_exact(width);
                for (to, from) in grad.chunks_exact_mut(units).zip(from) {
                    to.iter_mut()
                        .zip(&from[direction * units..])
                        .for_each(|(sum, g)| *sum += g);
                }
            }
        }
    }

    /// Writes dL/d(input) of `first`, the first layer, for the sequence with this rank: `[frames, width]`.
    pub(super) fn write_gradient(
        &self,
        first: &dyn AnyRecurrentLayer,
        rank: usize,
        width: usize,
        to: &mut [f32],
    ) {
        let directions = self.layers.first().map_or(&[][..], |own| &own.directions);
        to.fill(0.0);
        let length = self.lengths[rank];
        for own in directions {
            let gradient = first.grad_input(&own.pass);
            for (t, frame) in to.chunks_exact_mut(width).take(length).enumerate() {
                let from = &gradient[self.steps.row(rank, t) * width..][..width];
                frame.iter_mut().zip(from).for_each(|(sum, g)| *sum += g);
            }
        }
    }
}
