//! Seeded noise: the same on every machine.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random stream named by what it is for and the parts that tell one use from another.
pub(super) fn stream(purpose: &str, parts: &[&[u8]]) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    for part in [&[purpose.as_bytes()], parts].concat() {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// Uniform in 0..1, 53 bits.
pub(super) fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform in 0..=most.
pub(super) fn whole(random: &mut ChaCha8Rng, most: usize) -> usize {
    // 64 bits times the number of outcomes, the whole part: the bias is below 2^-40 for any size here.
    ((u128::from(random.next_u64()) * (most as u128 + 1)) >> 64) as usize
}

/// Nearly Gaussian with mean 0 and deviation 1: the sum of twelve uniform numbers (Irwin-Hall), which needs no
/// function that differs between mathematical libraries.
pub(super) fn gaussian(random: &mut ChaCha8Rng) -> f32 {
    let mut sum: u64 = 0;
    for _ in 0..4 {
        let bits = random.next_u64();
        let part = |shift: u32| (bits >> shift) & 0x1f_ffff;
        sum += part(0) + part(21) + part(42);
    }
    // The mean of each part is (2^21 - 1) / 2.
    ((sum as f64 + 6.0) / (1 << 21) as f64 - 6.0) as f32
}

/// Samples with noise of this deviation; the noise depends on the samples alone.
pub(super) fn dither(samples: &[f32], deviation: f32) -> Vec<f32> {
    let mut hasher = blake3::Hasher::new();
    for sample in samples {
        hasher.update(&sample.to_le_bytes());
    }
    let mut random = stream("dither", &[hasher.finalize().as_bytes()]);
    samples
        .iter()
        .map(|sample| sample + deviation * gaussian(&mut random))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_moments_of_a_gaussian() {
        let mut random = stream("test", &[b"a"]);
        let values: Vec<f64> = (0..200_000)
            .map(|_| f64::from(gaussian(&mut random)))
            .collect();
        let moment =
            |power| values.iter().map(|v| v.powi(power)).sum::<f64>() / values.len() as f64;
        assert!(moment(1).abs() < 0.01);
        assert!((moment(2) - 1.0).abs() < 0.01);
        assert!(moment(3).abs() < 0.03);
        // Irwin-Hall of 12 has a kurtosis of 2.9.
        assert!((moment(4) - 2.9).abs() < 0.08);
    }

    #[test]
    fn streams_are_told_apart_and_whole_numbers_are_uniform() {
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
