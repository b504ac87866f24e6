//! Seeded random streams: one independent ChaCha8 stream for each name.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A seed for the thing that `names` names, independent of every other list of names.
pub(super) fn seed(names: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for name in names {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
    }
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Uniform and bell-shaped draws from one ChaCha8 stream.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of `purpose` under `seed`.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(purpose.as_bytes());
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// Uniform in 0..1.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// Uniform in `low..high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An index below `count` (0 where `count` is 0).
    pub(super) fn index(&mut self, count: usize) -> usize {
        (self.unit() * count as f64) as usize
    }

    /// True with probability `probability`.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Bell-shaped with mean 0 and variance 1, within -3.5..3.5: the sum of four uniform draws.
    pub(super) fn bell(&mut self) -> f64 {
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * 1.732_050_807_568_877_2
    }

    /// White noise: uniform with mean 0 and variance 1.
    pub(super) fn noise(&mut self) -> f64 {
        // A signed integer times sqrt(3) / 2^31.
        f64::from(self.0.next_u32() as i32) * 8.065_483_524_766_5e-10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_and_independent() {
        assert_eq!(seed(&["ab", "c"]), seed(&["ab", "c"]));
        assert_ne!(seed(&["ab", "c"]), seed(&["a", "bc"]));
        let first: Vec<f64> = (0..4).map(|_| Stream::new(1, "x").unit()).collect();
        assert!(first.iter().all(|&value| value == first[0]));
        assert_ne!(Stream::new(1, "x").unit(), Stream::new(1, "y").unit());
        assert_ne!(Stream::new(1, "x").unit(), Stream::new(2, "x").unit());
    }

    #[test]
    fn draws_have_the_stated_moments() {
        let mut stream = Stream::new(7, "moments");
        for draw in [Stream::bell as fn(&mut Stream) -> f64, Stream::noise] {
            let values: Vec<f64> = (0..50_000).map(|_| draw(&mut stream)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let square = values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
            assert!(mean.abs() < 0.02, "mean {mean}");
            assert!((square - 1.0).abs() < 0.02, "variance {square}");
        }
        assert!((0..1000).all(|_| stream.index(5) < 5));
    }
}
