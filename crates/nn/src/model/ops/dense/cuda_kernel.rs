//! A fully connected layer of several models as one operation on the tape, and sums over rows in a fixed order.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Matrix, Memory, Pointer, Sizes, Tape, Value, arguments};
use crate::model::dense_tape::Learns;

/// Rows that one thread sums.
pub const CHUNK_ROWS: usize = 64;

/// A layer's arrays and where their gradients are named.
#[derive(Clone, Copy)]
pub struct DenseArrays {
    /// `[models, outputs, inputs]`.
    pub weight: Pointer,
    /// `[models, outputs]`.
    pub bias: Pointer,
    pub inputs: usize,
    pub outputs: usize,
}

/// `x Wᵀ + b` of each model (`torch.nn.functional.linear`); `gradients` gives the places of dL/dW and dL/db.
pub(in crate::model) fn dense(
    tape: &mut Tape,
    x: &Value,
    arrays: DenseArrays,
    gradients: impl FnOnce(&mut crate::model::cuda::Gradients) -> Result<(Pointer, Pointer), CudaError>
    + 'static,
    learns: Learns,
) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let DenseArrays {
        weight,
        bias,
        inputs,
        outputs,
    } = arrays;
    let (models, rows) = (x.models, x.rows);
    let out = Memory::new(&card, models * rows * outputs)?;
    card.launch_rows(
        "dense_bias",
        (outputs, rows, models),
        arguments![of out, at bias, int rows, int outputs],
    )?;
    let weights = Matrix::new(weight, inputs, outputs * inputs);
    let sizes = move |rows: usize, inner: usize, columns: usize| Sizes {
        rows,
        inner,
        columns,
        batch: models,
    };
    card.multiply(
        "dense product",
        sizes(rows, inputs, outputs),
        Matrix::new(x.values.at(0), inputs, rows * inputs),
        weights.transposed(),
        Matrix::new(out.at(0), outputs, rows * outputs),
        1.0,
    )?;
    let output = Value::new(tape, out, (models, rows, outputs))?;
    let (x, to) = (x.clone(), output.clone());
    tape.record(move |grads| {
        let of_output = to.handle.gradient(grads)?;
        let of_x = x.handle.gradient(grads)?;
        let own = Matrix::new(of_output, outputs, rows * outputs);
        card.multiply(
            "dense input gradient",
            sizes(rows, outputs, inputs),
            own,
            weights,
            Matrix::new(of_x, inputs, rows * inputs),
            1.0,
        )?;
        if learns == Learns::Yes {
            let (of_weight, of_bias) = gradients(grads)?;
            card.multiply(
                "dense weight gradient",
                sizes(outputs, rows, inputs),
                own.transposed(),
                Matrix::new(x.values.at(0), inputs, rows * inputs),
                Matrix::new(of_weight, inputs, outputs * inputs),
                1.0,
            )?;
            column_sums(&card, &[of_bias], of_output, (models, rows, outputs))?;
        }
        Ok(())
    });
    Ok(output)
}

/// Adds the sum over rows of `values` `[models, rows, columns]` to each of `sums` `[models, columns]`.
pub fn column_sums(
    card: &Arc<Card>,
    sums: &[Pointer],
    values: Pointer,
    (models, rows, columns): (usize, usize, usize),
) -> Result<(), CudaError> {
    let chunks = rows.div_ceil(CHUNK_ROWS);
    let partial = Memory::new(card, models * chunks * columns)?;
    card.launch_rows(
        "column_partial",
        (columns, chunks, models),
        arguments![of partial, at values, int rows, int columns, int chunks, int CHUNK_ROWS],
    )?;
    for &sums in sums {
        column_totals(card, sums, &partial, models, columns, chunks)?;
    }
    Ok(())
}

/// Adds the chunks of `partial` `[models, chunks, columns]` to `sums`.
pub fn column_totals(
    card: &Arc<Card>,
    sums: Pointer,
    partial: &Memory,
    models: usize,
    columns: usize,
    chunks: usize,
) -> Result<(), CudaError> {
    card.launch(
        "column_total",
        (columns, models),
        arguments![at sums, of partial, int columns, int chunks],
    )
}
