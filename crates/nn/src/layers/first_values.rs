//! First values of a layer's parameters, seeded.

use pipe_foundation::exact;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How the convolutions start. All other layers always start as PyTorch's.
///
/// With PyTorch's default the paper's protocol predicts the majority class alone for thousands of
/// updates; with He's it leaves chance sooner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initialisation {
    /// He et al. (2015): normal with variance `2 / fan_in`, zero bias (`torch.nn.init.kaiming_normal_`).
    #[default]
    He,
    /// The same variance, uniform (`kaiming_uniform_` for ReLU), zero bias.
    HeUniform,
    /// PyTorch's default: uniform within `1 / sqrt(fan_in)`, bias too.
    Pytorch,
}

/// What the first values of one layer are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct FirstValues<'a> {
    /// How convolutions start.
    pub how: Initialisation,
    /// Seed of the network.
    pub seed: u64,
    /// Name of the layer, such as `conv.0`.
    pub name: &'a str,
}

impl FirstValues<'_> {
    /// The random source of the layer or of a part of it: it does not depend on which other layers there are.
    pub fn source(&self, part: &str) -> Source {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(self.name.as_bytes());
        hasher.update(part.as_bytes());
        Source(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }
}

/// A seeded stream of values.
pub struct Source(ChaCha8Rng);

impl Source {
    /// Fills `values` evenly from `-bound..bound`.
    pub fn uniform(&mut self, bound: f64, values: &mut [f32]) {
        for value in values {
            *value = ((2.0 * self.0.r#gen::<f64>() - 1.0) * bound) as f32;
        }
    }

    /// Fills `values` from a normal distribution of mean 0.
    pub fn normal(&mut self, deviation: f64, values: &mut [f32]) {
        for value in values {
            // Box-Muller; 1 - u keeps the logarithm finite.
            let radius = (-2.0 * exact::ln(1.0 - self.0.r#gen::<f64>())).sqrt();
            let turns = self.0.r#gen::<f64>();
            *value = (radius * exact::cos_turns(turns) * deviation) as f32;
        }
    }
}
