//! Pooling over time on the device, for several models at once.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use super::how::TimePool;
use crate::model::cuda::{Card, Memory, Packed, Pointer, arguments};

/// How frames of `width` channels become one vector; `units` are those of the forward direction.
#[derive(Clone, Copy)]
pub struct PoolShape {
    pub how: TimePool,
    pub width: usize,
    pub units: usize,
}

/// From frames `[models, frames, width]` to `[models, utterances, width]`.
pub fn forward(
    card: &Arc<Card>,
    shape: PoolShape,
    packed: &Packed,
    models: usize,
    frames: &Memory,
) -> Result<Memory, CudaError> {
    let Some(own) = packed.packing.frames.last() else {
        return Memory::new(card, 0);
    };
    let (utterances, width) = (packed.packing.utterances, shape.width);
    let (first, count) = (packed.at(own.first), packed.at(own.count));
    let pooled = Memory::new(card, models * utterances * width)?;
    let size = (width, utterances, models);
    match shape.how {
        TimePool::Mean => card.launch_rows(
            "time_mean",
            size,
            arguments![
                of pooled, of frames, at first, at count, int utterances, int own.rows, int width,
            ],
        ),
        TimePool::LastStates => card.launch_rows(
            "time_last",
            size,
            arguments![
                of pooled, of frames, at first, at count, int utterances, int own.rows, int width, int shape.units,
            ],
        ),
    }?;
    Ok(pooled)
}

/// The frames' gradient from that of the pooled vectors.
pub fn backward(
    card: &Arc<Card>,
    shape: PoolShape,
    packed: &Packed,
    models: usize,
    grad_pooled: Pointer,
) -> Result<Memory, CudaError> {
    let Some(own) = packed.packing.frames.last() else {
        return Memory::new(card, 0);
    };
    let (utterances, width) = (packed.packing.utterances, shape.width);
    let (first, count) = (packed.at(own.first), packed.at(own.count));
    let utterance_of = packed.at(own.utterance_of);
    let grad_frames = Memory::new(card, models * own.rows * width)?;
    let size = (width, own.rows, models);
    match shape.how {
        TimePool::Mean => card.launch_rows(
            "time_mean_back",
            size,
            arguments![
                of grad_frames, at grad_pooled, at utterance_of, at count, int utterances, int own.rows, int width,
            ],
        ),
        TimePool::LastStates => card.launch_rows(
            "time_last_back",
            size,
            arguments![
                of grad_frames, at grad_pooled, at utterance_of, at first, at count, int utterances, int own.rows,
                int width, int shape.units,
            ],
        ),
    }?;
    Ok(grad_frames)
}
