//! Seeded noise: the same on every machine.

use pipe_foundation::progress::{Interrupted, Progress};
use pipe_foundation::random::stream;
use rand::RngCore;
use rand_chacha::ChaCha8Rng;

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
pub(super) fn dither(
    samples: &[f32],
    deviation: f32,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Interrupted> {
    /// Samples between two looks at whether to stop.
    const BLOCK: usize = 1 << 16;
    let mut hasher = blake3::Hasher::new();
    for block in samples.chunks(BLOCK) {
        progress.check()?;
        for sample in block {
            hasher.update(&sample.to_le_bytes());
        }
    }
    let mut random = stream("dither", &[hasher.finalize().as_bytes()]);
    let mut dithered = Vec::with_capacity(samples.len());
    for block in samples.chunks(BLOCK) {
        progress.check()?;
        let noisy = |sample: &f32| sample + deviation * gaussian(&mut random);
        dithered.extend(block.iter().map(noisy));
    }
    Ok(dithered)
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
}
