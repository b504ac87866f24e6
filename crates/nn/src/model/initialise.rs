//! First values of the weights, seeded.

use pipe_foundation::exact;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::EncoderLayout;
use super::heads::Dense;

/// How the convolutions start. LSTM and fully connected layers always start as PyTorch's.
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

/// The random source of one named array: it does not depend on which other arrays there are.
fn source(seed: u64, name: &str) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(name.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

fn uniform(random: &mut ChaCha8Rng, bound: f64, values: &mut [f32]) {
    for value in values {
        *value = ((2.0 * random.r#gen::<f64>() - 1.0) * bound) as f32;
    }
}

fn normal(random: &mut ChaCha8Rng, deviation: f64, values: &mut [f32]) {
    for value in values {
        // Box-Muller; 1 - u keeps the logarithm finite.
        let radius = (-2.0 * exact::ln(1.0 - random.r#gen::<f64>())).sqrt();
        let turns = random.r#gen::<f64>();
        *value = (radius * exact::cos_turns(turns) * deviation) as f32;
    }
}

/// First values of convolutions and LSTMs in the encoder's layout.
pub(super) fn encoder(layout: &EncoderLayout, how: Initialisation, seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; layout.len];
    for (index, (offset, shape)) in layout.convs.iter().enumerate() {
        let fan_in = (shape.input * shape.width) as f64;
        let random = &mut source(seed, &format!("conv.{index}"));
        let (weight, bias) = values[*offset..*offset + shape.parameters()]
            .split_at_mut(shape.input * shape.width * shape.output);
        match how {
            Initialisation::He => normal(random, (2.0 / fan_in).sqrt(), weight),
            Initialisation::HeUniform => uniform(random, (6.0 / fan_in).sqrt(), weight),
            Initialisation::Pytorch => {
                uniform(random, fan_in.sqrt().recip(), weight);
                uniform(random, fan_in.sqrt().recip(), bias);
            }
        }
    }
    for (layer, (_, shape)) in layout.lstms.iter().enumerate() {
        let bound = (shape.units as f64).sqrt().recip();
        for direction in 0..shape.directions {
            let random = &mut source(seed, &format!("lstm.{layer}.{direction}"));
            uniform(
                random,
                bound,
                &mut values[layout.direction(layer, direction)],
            );
        }
    }
    values
}

/// First values of a fully connected layer: `torch.nn.Linear`'s default.
pub(super) fn dense(inputs: usize, outputs: usize, seed: u64, name: &str) -> Dense {
    let random = &mut source(seed, name);
    let bound = (inputs as f64).sqrt().recip();
    let mut dense = Dense {
        inputs,
        outputs,
        weight: vec![0.0; inputs * outputs],
        bias: vec![0.0; outputs],
    };
    uniform(random, bound, &mut dense.weight);
    uniform(random, bound, &mut dense.bias);
    dense
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EncoderShape;
    use crate::model::spec::default_encoder;

    #[test]
    fn variances_and_seeds() {
        let layout = EncoderLayout::new(&EncoderShape::new(&default_encoder(), 40).unwrap());
        let deviation = |values: &[f32]| {
            (values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
        };
        let he = (2.0f64 / 200.0).sqrt();
        for how in [Initialisation::He, Initialisation::HeUniform] {
            let values = encoder(&layout, how, 1);
            let (weight, bias) = layout.conv(&values, 0);
            assert!((deviation(weight) / he - 1.0).abs() < 0.01);
            assert!(bias.iter().all(|b| *b == 0.0));
        }
        let values = encoder(&layout, Initialisation::Pytorch, 1);
        let (weight, _) = layout.conv(&values, 0);
        assert!((deviation(weight) / (he / 6f64.sqrt()) - 1.0).abs() < 0.01);
        assert!(weight.iter().all(|w| w.abs() <= 0.070_711));
        assert_eq!(values, encoder(&layout, Initialisation::Pytorch, 1));
        assert_ne!(values, encoder(&layout, Initialisation::Pytorch, 2));
    }
}
