//! Dropout as its definition says: the reference of the tests.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The values of an utterance, of whose layer and place in the batch the seed is; all of them where there is none. A value is
/// dropped where the upper 24 bits of its number in the stream of the seed are below that share of 2^24.
pub fn forward(frames: &[f64], probability: f64, seed: Option<u64>) -> Vec<f64> {
    let Some(seed) = seed else {
        return frames.to_vec();
    };
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    let mut out = Vec::new();
    for value in frames {
        let drawn = f64::from(stream.next_u32() >> 8);
        out.push(match drawn < probability * f64::from(1 << 24) {
            true => 0.0,
            false => value / (1.0 - probability),
        });
    }
    out
}
