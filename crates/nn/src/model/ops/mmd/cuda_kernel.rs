//! The maximum mean discrepancy of several models on the tape of the device.

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value, arguments};
use crate::model::ops::group_penalty::cuda_kernel::group_penalty;

/// As [`super::mmd`] of each model, which has labels of its own: `[models, 1, 1]`.
pub fn mmd(
    tape: &mut Tape,
    embeddings: &Value,
    labels: &[&[Option<usize>]],
) -> Result<Value, CudaError> {
    let (models, rows, width) = (embeddings.models, embeddings.rows, embeddings.columns);
    group_penalty(tape, embeddings, labels, |card, groups, pairs| {
        let most = groups.most;
        let distances = Memory::<f64>::new(card, models * rows * rows)?;
        card.launch_rows(
            "mmd_distances",
            (rows, rows, models),
            arguments![of distances, of embeddings.values, of groups.of_row, int rows, int width],
        )?;
        let sums = Memory::<f64>::new(card, models * rows * most)?;
        card.launch_rows(
            "mmd_group_sums",
            (most, rows, models),
            arguments![of sums, of distances, of groups.of_row, int rows, int most],
        )?;
        let means = Memory::<f64>::new(card, models * most * most)?;
        card.launch(
            "mmd_means",
            (most * most, models),
            arguments![of means, of sums, of groups.of_row, of groups.counts, int rows, int most],
        )?;
        card.launch_rows(
            "mmd_pairs",
            (rows, rows, models),
            arguments![
                of pairs.values, of pairs.factors, of distances, of means, of groups.of_row, of groups.sizes,
                of groups.counts, int rows, int most,
            ],
        )?;
        card.launch(
            "mmd_diagonal",
            (rows, models),
            arguments![of pairs.factors, int rows],
        )
    })
}
