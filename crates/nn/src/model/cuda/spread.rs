//! Frames of utterances moved closer together or further apart, where a layer cannot write them as the next one reads them.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use super::packing::Packed;
use super::tables::Frames;
use super::{Card, Memory, Pointer, arguments};

/// Frames `[models, rows, width]` that lie as `from` says, as `to` says.
pub fn spread(
    card: &Arc<Card>,
    packed: &Packed,
    (from, to): (&Frames, &Frames),
    (models, width): (usize, usize),
    values: Pointer,
) -> Result<Memory, CudaError> {
    let moved = Memory::new(card, models * to.rows * width)?;
    card.launch_rows(
        "spread_rows",
        (width, to.rows, models),
        arguments![
            of moved, at values, at packed.at(to.utterance_of), at packed.at(to.first), at packed.at(from.first),
            int to.rows, int from.rows, int width,
        ],
    )?;
    Ok(moved)
}
