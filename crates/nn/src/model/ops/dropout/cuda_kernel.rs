//! Dropout of several models on the tape of the device; masks are the processor's, bit for bit.

use std::sync::Arc;

use dfdx::tensor::CudaError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::model::cuda::{Card, Memory, Tape, Value, arguments};

/// Words of a block of the key stream.
const WORDS: usize = 16;
/// Most masks of one launch: a grid has no more than 65,535 rows.
const TOGETHER: usize = 1 << 15;

/// Zeroes each value with `probability` and scales the rest; one seed for each model.
pub fn dropout(
    tape: &mut Tape,
    x: &Value,
    probability: f32,
    seeds: &[u64],
) -> Result<Value, CudaError> {
    if probability <= 0.0 {
        return Ok(x.clone());
    }
    let card = Arc::clone(tape.card());
    let mask = masks(&card, seeds, x.length(), probability)?;
    let all = x.all();
    let out = Memory::new(&card, all)?;
    card.launch(
        "multiply",
        (all, 1),
        arguments![of out, of x.values, of mask, int all],
    )?;
    let output = Value::new(tape, out, (x.models, x.rows, x.columns))?;
    let (x, to) = (x.clone(), output.clone());
    tape.record(move |grads| {
        let of_output = to.handle.gradient(grads)?;
        let of_x = x.handle.gradient(grads)?;
        card.launch(
            "multiply_back",
            (all, 1),
            arguments![at of_x, at of_output, of mask, int all],
        )
    });
    Ok(output)
}

/// For each seed, `length` factors: 0 or `1 / (1 - probability)`.
pub(crate) fn masks(
    card: &Arc<Card>,
    seeds: &[u64],
    length: usize,
    probability: f32,
) -> Result<Memory, CudaError> {
    let keys: Vec<u32> = seeds.iter().flat_map(|&seed| key(seed)).collect();
    let keys = Memory::of(card, &keys)?;
    let masks = Memory::<f32>::new(card, seeds.len() * length)?;
    let scale = 1.0 / (1.0 - probability);
    for first in (0..seeds.len()).step_by(TOGETHER) {
        let count = TOGETHER.min(seeds.len() - first);
        card.launch(
            "dropout_mask",
            (length.div_ceil(WORDS), count),
            arguments![
                at masks.at(first * length), at keys.at(8 * first), int length, float probability, float scale,
            ],
        )?;
    }
    Ok(masks)
}

/// The key of a seed's stream.
fn key(seed: u64) -> [u32; 8] {
    let bytes = ChaCha8Rng::seed_from_u64(seed).get_seed();
    std::array::from_fn(|word| {
        let own = &bytes[4 * word..];
        u32::from_le_bytes([own[0], own[1], own[2], own[3]])
    })
}
