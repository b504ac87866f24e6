//! A recurrent layer on the device: all models and both directions take each step of time together.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::LstmShape;
use crate::model::cuda::{Card, Matrix, Memory, Packed, Pointer, Sizes, arguments};
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

/// What the forward pass leaves for the backward pass: `[models, directions, rows, ..]`.
pub struct LayerPass {
    packed_input: Memory,
    gates: Memory,
    cells: Memory,
    cells_tanh: Memory,
    entered: Memory,
}

/// From frames `[models, frames, input]` to frames `[models, frames, directions * units]`.
pub fn forward(
    card: &Arc<Card>,
    shape: &LstmShape,
    packed: &Packed,
    models: usize,
    arrays: LayerArrays,
    frames: &Memory,
) -> Result<(Memory, LayerPass), CudaError> {
    let steps = &packed.packing.steps;
    let rows = all_rows(packed);
    let (units, gates, batch) = (shape.units, 4 * shape.units, models * shape.directions);
    let (source, row_of) = (packed.at(steps.source), packed.at(steps.row_of));
    let packed_input = Memory::new(card, batch * rows * shape.input)?;
    card.launch(
        "lstm_pack",
        (rows * shape.input, batch),
        arguments![
            of packed_input, of frames, at source, int rows, int rows, int shape.input, int shape.directions,
        ],
    )?;
    let pass = LayerPass {
        gates: Memory::new(card, batch * rows * gates)?,
        cells: Memory::new(card, batch * rows * units)?,
        cells_tanh: Memory::new(card, batch * rows * units)?,
        entered: Memory::new(card, batch * rows * units)?,
        packed_input,
    };
    let hidden = Memory::<f32>::new(card, batch * rows * units)?;
    card.multiply(
        Sizes {
            rows,
            inner: shape.input,
            columns: gates,
            batch,
        },
        Matrix::new(pass.packed_input.at(0), shape.input, rows * shape.input),
        Matrix::new(arrays.input, shape.input, gates * shape.input).transposed(),
        Matrix::new(pass.gates.at(0), gates, rows * gates),
        0.0,
    )?;
    let mut before = None;
    for &(first, count) in &steps.steps {
        if let Some(before) = before {
            card.multiply(
                Sizes {
                    rows: count,
                    inner: units,
                    columns: gates,
                    batch,
                },
                Matrix::new(hidden.at(before * units), units, rows * units),
                Matrix::new(arrays.hidden, units, gates * units).transposed(),
                Matrix::new(pass.gates.at(first * gates), gates, rows * gates),
                1.0,
            )?;
        }
        card.launch(
            "lstm_cell",
            (count * units, batch),
            arguments![
                of pass.gates, of pass.cells, of pass.cells_tanh, of hidden, of pass.entered, at arrays.bias_input,
                at arrays.bias_hidden, int rows, int units, int first, int count,
                int before.map_or(-1, |row| row as i32),
            ],
        )?;
        before = Some(first);
    }
    let output = Memory::new(card, models * rows * shape.output())?;
    card.launch(
        "lstm_unpack",
        (rows * shape.output(), models),
        arguments![of output, of hidden, at row_of, int rows, int rows, int units, int shape.directions],
    )?;
    Ok((output, pass))
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
    let steps = &packed.packing.steps;
    let rows = all_rows(packed);
    let (units, gates, batch) = (shape.units, 4 * shape.units, models * shape.directions);
    let (source, row_of) = (packed.at(steps.source), packed.at(steps.row_of));
    let widest = steps.steps.first().map_or(0, |step| step.1);
    let grad_hidden = Memory::<f32>::new(card, batch * rows * units)?;
    card.launch(
        "lstm_unpack_back",
        (rows * units, batch),
        arguments![
            of grad_hidden, of grad_output, at source, int rows, int rows, int units, int shape.directions,
        ],
    )?;
    let carry_hidden = Memory::<f32>::new(card, batch * widest * units)?;
    let carry_cell = Memory::<f32>::new(card, batch * widest * units)?;
    let mut continued = 0;
    for (index, &(first, count)) in steps.steps.iter().enumerate().rev() {
        let before = index.checked_sub(1).map(|index| steps.steps[index].0);
        card.launch(
            "lstm_cell_back",
            (count * units, batch),
            arguments![
                of pass.gates, of carry_cell, of carry_hidden, of pass.cells, of pass.cells_tanh, of grad_hidden,
                int rows, int units, int widest, int first, int count, int before.map_or(-1, |row| row as i32),
                int continued,
            ],
        )?;
        if before.is_some() {
            card.multiply(
                Sizes {
                    rows: count,
                    inner: gates,
                    columns: units,
                    batch,
                },
                Matrix::new(pass.gates.at(first * gates), gates, rows * gates),
                Matrix::new(weights.hidden, units, gates * units),
                Matrix::new(carry_hidden.at(0), units, widest * units),
                0.0,
            )?;
        }
        continued = count;
    }
    let of_gates = Matrix::new(pass.gates.at(0), gates, rows * gates);
    for (columns, seen, to) in [
        (shape.input, &pass.packed_input, gradients.input),
        (units, &pass.entered, gradients.hidden),
    ] {
        card.multiply(
            Sizes {
                rows: gates,
                inner: rows,
                columns,
                batch,
            },
            of_gates.transposed(),
            Matrix::new(seen.at(0), columns, rows * columns),
            Matrix::new(to, columns, gates * columns),
            1.0,
        )?;
    }
    for bias in [gradients.bias_input, gradients.bias_hidden] {
        column_sums(card, bias, pass.gates.at(0), (batch, rows, gates))?;
    }
    if !input_gradient {
        return Ok(None);
    }
    // The packed input is not needed any more: its gradient takes its place.
    let grad_packed = pass.packed_input;
    card.multiply(
        Sizes {
            rows,
            inner: gates,
            columns: shape.input,
            batch,
        },
        of_gates,
        Matrix::new(weights.input, shape.input, gates * shape.input),
        Matrix::new(grad_packed.at(0), shape.input, rows * shape.input),
        0.0,
    )?;
    let grad_frames = Memory::new(card, models * rows * shape.input)?;
    card.launch(
        "lstm_pack_back",
        (rows * shape.input, models),
        arguments![
            of grad_frames, of grad_packed, at row_of, int rows, int rows, int shape.input, int shape.directions,
        ],
    )?;
    Ok(Some(grad_frames))
}

/// Rows of all steps: as many as frames reach the recurrent layers.
fn all_rows(packed: &Packed) -> usize {
    packed.packing.frames.last().map_or(0, |frames| frames.rows)
}
