//! A batch's features out of those of the whole corpus, blended by mixup and masked as SpecAugment does; and some models
//! out of all.

use std::sync::Arc;

use dfdx::tensor::CudaError;

use crate::model::cuda::{Card, Memory, Packed, Pointer, Tape, Value, arguments};

/// Frames `[rows, bins]` of a batch from `source` `[frames, bins]`, those of the corpus or those that came along.
pub fn features(
    card: &Arc<Card>,
    packed: &Packed,
    source: Pointer,
    bins: usize,
    fill: f32,
) -> Result<Memory, CudaError> {
    let own = &packed.packing.frames[0];
    let frames = Memory::new(card, own.rows * bins)?;
    card.launch_rows(
        "batch_features",
        (bins, own.rows, 1),
        arguments![
            of frames, at source, at packed.at(own.utterance_of), at packed.at(packed.packing.sources),
            at packed.at(packed.packing.masks), float fill, int own.rows, int bins,
        ],
    )?;
    Ok(frames)
}

/// The same frames for each of `models` models.
pub fn repeat(card: &Arc<Card>, frames: &Memory, models: usize) -> Result<Memory, CudaError> {
    let which = Memory::<i32>::zeros(card, models)?;
    let repeated = Memory::new(card, models * frames.len())?;
    card.launch(
        "pick",
        (frames.len(), models),
        arguments![of repeated, of frames, of which, int frames.len()],
    )?;
    Ok(repeated)
}

/// The models of `x` that `which` names, none twice.
pub fn pick(tape: &mut Tape, x: &Value, which: &Arc<Memory<i32>>) -> Result<Value, CudaError> {
    let card = Arc::clone(tape.card());
    let (length, models) = (x.length(), which.len());
    let out = Memory::new(&card, models * length)?;
    card.launch(
        "pick",
        (length, models),
        arguments![of out, of x.values, of which, int length],
    )?;
    let output = Value::new(tape, out, (models, x.rows, x.columns))?;
    let (x, to, which) = (x.clone(), output.clone(), Arc::clone(which));
    tape.record(move |grads| {
        let of_output = to.handle.gradient(grads)?;
        let of_x = x.handle.gradient(grads)?;
        card.launch(
            "pick_back",
            (length, models),
            arguments![at of_x, at of_output, of which, int length],
        )
    });
    Ok(output)
}
