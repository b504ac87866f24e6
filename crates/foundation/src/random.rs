//! Seeded random streams, the same on every machine.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random stream named by what it is for and the parts that distinguish one use from another.
pub fn stream(purpose: &str, parts: &[&[u8]]) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    for part in [&[purpose.as_bytes()], parts].concat() {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// Uniform in 0..1, 53 bits.
pub fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform in 0..=most.
pub fn whole(random: &mut ChaCha8Rng, most: usize) -> usize {
    // 64 bits times the number of outcomes, the whole part: the bias is below 2^-40 for any size here.
    ((u128::from(random.next_u64()) * (most as u128 + 1)) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_reported_apart_and_whole_numbers_are_uniform() {
        let first = |parts: &[&[u8]]| stream("x", parts).next_u64();
        assert_ne!(first(&[b"ab", b"c"]), first(&[b"a", b"bc"]));
        assert_eq!(first(&[b"ab"]), first(&[b"ab"]));
        let mut random = stream("x", &[]);
        let draws: Vec<usize> = (0..1000).map(|_| whole(&mut random, 3)).collect();
        for value in 0..=3 {
            let count = draws.iter().filter(|draw| **draw == value).count();
            assert!((190..310).contains(&count), "{value}: {count}");
        }
    }
}
