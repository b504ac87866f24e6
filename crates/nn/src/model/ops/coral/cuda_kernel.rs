//! Deep CORAL of several models on the tape of the device.

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value, arguments};
use crate::model::ops::group_penalty::cuda_kernel::group_penalty;

/// As [`super::coral`] of each model, which has labels of its own: `[models, 1, 1]`.
pub fn coral(
    tape: &mut Tape,
    embeddings: &Value,
    labels: &[&[Option<usize>]],
) -> Result<Value, CudaError> {
    let (models, rows, width) = (embeddings.models, embeddings.rows, embeddings.columns);
    group_penalty(tape, embeddings, labels, |card, groups, pairs| {
        let centred = Memory::<f64>::new(card, embeddings.all())?;
        card.launch_rows(
            "coral_centred",
            (width, rows, models),
            arguments![of centred, of embeddings.values, of groups.of_row, of groups.sizes, int rows, int width],
        )?;
        card.launch_rows(
            "coral_pairs",
            (rows, rows, models),
            arguments![
                of pairs.values, of pairs.factors, of centred, of groups.of_row, of groups.sizes, of groups.counts,
                int rows, int width,
            ],
        )
    })
}
