//! The frame of penalties on how the embeddings of groups differ, of several models on the tape of the device.

use std::collections::BTreeMap;
use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Memory, Tape, Value, arguments};
use crate::model::ops::row_loss::cuda_kernel::row_loss;

use super::FEWEST;

/// Which rows of a batch belong together, for each model.
pub struct Groups {
    /// `[models, rows]`: the number of the row's group; negative where it belongs to none, or to one that is too small or alone.
    pub of_row: Memory<i32>,
    /// `[models, rows]`: rows of the row's group.
    pub sizes: Memory<i32>,
    /// `[models]`: how many groups there are.
    pub counts: Memory<i32>,
    /// Most groups of a model.
    pub most: usize,
}

impl Groups {
    fn new(card: &Arc<Card>, models: &[&[Option<usize>]]) -> Result<Self, CudaError> {
        let (mut of_row, mut sizes, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for labels in models {
            let mut known: BTreeMap<usize, i32> = BTreeMap::new();
            for label in labels.iter().flatten() {
                *known.entry(*label).or_default() += 1;
            }
            known.retain(|_, size| *size as usize >= FEWEST);
            if known.len() < 2 {
                known.clear();
            }
            let numbers: BTreeMap<usize, (i32, i32)> = (known.iter().zip(0..))
                .map(|((&label, &size), number)| (label, (number, size)))
                .collect();
            for label in *labels {
                let own = label.and_then(|label| numbers.get(&label));
                let (number, size) = own.copied().unwrap_or((-1, 0));
                of_row.push(number);
                sizes.push(size);
            }
            counts.push(known.len() as i32);
        }
        Ok(Self {
            of_row: Memory::of(card, &of_row)?,
            sizes: Memory::of(card, &sizes)?,
            most: counts.iter().copied().max().unwrap_or(0) as usize,
            counts: Memory::of(card, &counts)?,
        })
    }
}

/// What each pair of rows adds, `[models, rows, rows]`.
pub struct Pairs {
    /// To the penalty.
    pub values: Memory<f64>,
    /// To its derivative by the embedding of the first, as a multiple of the embedding of the second.
    pub factors: Memory<f64>,
}

/// The penalty of each model, `[models, 1, 1]`, on embeddings `[models, rows, width]`, of which each model has `labels` of its
/// own. `compare` fills all pairs: with the mean over pairs of groups, and zero where a row belongs to no group.
pub fn group_penalty(
    tape: &mut Tape,
    embeddings: &Value,
    labels: &[&[Option<usize>]],
    compare: impl FnOnce(&Arc<Card>, &Groups, &Pairs) -> Result<(), CudaError>,
) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (models, rows, width) = (embeddings.models, embeddings.rows, embeddings.columns);
    let groups = Groups::new(&card, labels)?;
    assert_eq!(groups.of_row.len(), models * rows, "a label for every row");
    let pairs = Pairs {
        values: Memory::new(&card, models * rows * rows)?,
        factors: Memory::new(&card, models * rows * rows)?,
    };
    compare(&card, &groups, &pairs)?;
    let losses = Memory::<f64>::new(&card, models * rows)?;
    card.launch(
        "penalty_rows",
        (rows, models),
        arguments![of losses, of pairs.values, int rows],
    )?;
    let slopes = Memory::<f32>::new(&card, embeddings.all())?;
    card.launch_rows(
        "penalty_slopes",
        (width, rows, models),
        arguments![of slopes, of pairs.factors, of embeddings.values, of groups.of_row, int rows, int width],
    )?;
    row_loss(tape, embeddings, &losses, slopes)
}
