//! A recurrent layer on the device: all models and both directions take each step of time together.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::layers::lstm::shape::LstmShape;
use crate::model::cuda::{
    Card, Matrix, Memory, Packed, Pointer, Sizes, add_product_over_frames, arguments,
};
use crate::model::ops::dense::cuda_kernel::column_sums;

/// The layer's arrays of all models and directions, or their gradients.
#[derive(Clone, Copy)]
pub struct LayerArrays {
    /// `[models, directions, 4 units, input]`.
    pub input: Pointer,
    /// `[models, directions, 4 units, units]`.
    pub hidden: Pointer,
    /// `[models, directions, 4 units]`.
    pub bias_input: Pointer,
    /// The same.
    pub bias_hidden: Pointer,
}

/// What the forward pass leaves for the backward pass: `[models, frames, directions, ..]`.
pub struct LayerPass {
    input: Memory,
    gates: Memory,
    cells: Memory,
    entered: Memory,
}

/// From frames `[models, frames, input]` to frames `[models, frames, directions * units]`.
///
/// What a step hands to the next stays in small buffers that the card's cache holds: the sums of all steps pass through
/// memory once for the input's share and once for the activations.
pub fn forward(
    card: &Arc<Card>,
    shape: &LstmShape,
    packed: &Packed,
    models: usize,
    arrays: LayerArrays,
    input: Memory,
) -> Result<(Memory, LayerPass), CudaError> {
    let Sides {
        frames,
        units,
        gates,
        batch,
        widest,
    } = Sides::new(shape, packed, models);
    let steps = &packed.packing.steps;
    let pass = LayerPass {
        gates: Memory::new(card, batch * frames * gates)?,
        cells: Memory::new(card, batch * frames * units)?,
        entered: Memory::new(card, batch * frames * units)?,
        input,
    };
    let hidden = Memory::new(card, batch * frames * units)?;
    let recurrent = Memory::<f32>::new(card, batch * widest * gates)?;
    let state = Memory::<f32>::new(card, batch * widest * units)?;
    let all = shape.directions * gates;
    card.multiply(
        "lstm input product",
        Sizes {
            rows: frames,
            inner: shape.input,
            columns: all,
            batch: models,
        },
        Matrix::new(pass.input.at(0), shape.input, frames * shape.input),
        Matrix::new(arrays.input, shape.input, all * shape.input).transposed(),
        Matrix::new(pass.gates.at(0), all, frames * all),
        0.0,
    )?;
    for (index, &(first, count)) in steps.steps.iter().enumerate() {
        let continues = index > 0;
        if continues {
            card.multiply(
                "lstm recurrent product",
                Sizes {
                    rows: count,
                    inner: units,
                    columns: gates,
                    batch,
                },
                Matrix::new(state.at(0), units, widest * units),
                Matrix::new(arrays.hidden, units, gates * units).transposed(),
                Matrix::new(recurrent.at(0), gates, widest * gates),
                0.0,
            )?;
        }
        card.launch_rows(
            "lstm_cell",
            (units, count, batch),
            arguments![
                of pass.gates, of pass.cells, of hidden, of pass.entered, of state, of recurrent,
                at arrays.bias_input, at arrays.bias_hidden, at packed.at(steps.source), int frames, int units,
                int shape.directions, int widest, int first, int count, int continues,
            ],
        )?;
    }
    Ok((hidden, pass))
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of a pass, each borrowed on its own"
)]
/// Adds to the gradients of the arrays; gives that of the frames where `input_gradient`.
pub fn backward(
    card: &Arc<Card>,
    shape: &LstmShape,
    packed: &Packed,
    models: usize,
    pass: LayerPass,
    grad_output: &Memory,
    (weights, gradients): (LayerArrays, LayerArrays),
    input_gradient: bool,
) -> Result<Option<Memory>, CudaError> {
    let Sides {
        frames,
        units,
        gates,
        batch,
        widest,
    } = Sides::new(shape, packed, models);
    let steps = &packed.packing.steps;
    let recurrent = Memory::<f32>::new(card, batch * widest * gates)?;
    let carry_hidden = Memory::<f32>::new(card, batch * widest * units)?;
    let carry_cell = Memory::<f32>::new(card, batch * widest * units)?;
    let mut continued = 0;
    for (index, &(first, count)) in steps.steps.iter().enumerate().rev() {
        let continues = index > 0;
        card.launch_rows(
            "lstm_cell_back",
            (units, count, batch),
            arguments![
                of pass.gates, of recurrent, of carry_cell, of carry_hidden, of pass.cells, of grad_output,
                at packed.at(steps.source), int frames, int units, int shape.directions, int widest, int first,
                int count, int continued, int continues,
            ],
        )?;
        if continues {
            card.multiply(
                "lstm recurrent gradient",
                Sizes {
                    rows: count,
                    inner: gates,
                    columns: units,
                    batch,
                },
                Matrix::new(recurrent.at(0), gates, widest * gates),
                Matrix::new(weights.hidden, units, gates * units),
                Matrix::new(carry_hidden.at(0), units, widest * units),
                0.0,
            )?;
        }
        continued = count;
    }
    let (all, wide) = (shape.directions * gates, shape.directions * units);
    let of_gates = Matrix::new(pass.gates.at(0), all, frames * all);
    let input = Matrix::new(pass.input.at(0), shape.input, frames * shape.input);
    add_product_over_frames(
        card,
        "lstm input weight gradient",
        Sizes {
            rows: all,
            inner: frames,
            columns: shape.input,
            batch: models,
        },
        of_gates,
        input,
        Matrix::new(gradients.input, shape.input, all * shape.input),
    )?;
    for direction in 0..shape.directions {
        let skipped = direction * gates * units * size_of::<f32>();
        add_product_over_frames(
            card,
            "lstm recurrent weight gradient",
            Sizes {
                rows: gates,
                inner: frames,
                columns: units,
                batch: models,
            },
            Matrix::new(pass.gates.at(direction * gates), all, frames * all),
            Matrix::new(pass.entered.at(direction * units), wide, frames * wide),
            Matrix::new(gradients.hidden + skipped as Pointer, units, all * units),
        )?;
    }
    let biases = [gradients.bias_input, gradients.bias_hidden];
    column_sums(card, &biases, pass.gates.at(0), (models, frames, all))?;
    if !input_gradient {
        return Ok(None);
    }
    let weights = Matrix::new(weights.input, shape.input, all * shape.input);
    // The input is not needed any more: its gradient takes its place.
    card.multiply(
        "lstm input gradient",
        Sizes {
            rows: frames,
            inner: all,
            columns: shape.input,
            batch: models,
        },
        of_gates,
        weights,
        input,
        0.0,
    )?;
    Ok(Some(pass.input))
}

/// Sizes of a layer over a batch.
struct Sides {
    frames: usize,
    units: usize,
    gates: usize,
    /// Models times directions.
    batch: usize,
    /// Most rows of a step.
    widest: usize,
}

impl Sides {
    fn new(shape: &LstmShape, packed: &Packed, models: usize) -> Self {
        let packing = &packed.packing;
        Self {
            frames: packing.frames.last().map_or(0, |frames| frames.rows),
            units: shape.units,
            gates: 4 * shape.units,
            batch: models * shape.directions,
            widest: packing.steps.steps.first().map_or(0, |step| step.1),
        }
    }
}
