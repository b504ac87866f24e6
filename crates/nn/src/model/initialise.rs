//! First values of the weights, seeded.

use crate::layers::{FirstValues, Initialisation};

use super::heads::Dense;
use super::{EncoderLayout, EncoderShape};

/// First values of all layers in the encoder's layout.
pub(super) fn encoder(
    shape: &EncoderShape,
    layout: &EncoderLayout,
    how: Initialisation,
    seed: u64,
) -> Vec<f32> {
    let mut values = vec![0.0; layout.len];
    for ((name, layer), range) in shape.layers().zip(&layout.layers) {
        let first = FirstValues { how, seed, name };
        layer.first_values(&first, &mut values[range.clone()]);
    }
    values
}

/// First values of a fully connected layer: `torch.nn.Linear`'s default.
pub(super) fn dense(inputs: usize, outputs: usize, seed: u64, name: &str) -> Dense {
    let how = Initialisation::Pytorch;
    let mut source = FirstValues { how, seed, name }.source("");
    let bound = (inputs as f64).sqrt().recip();
    let mut dense = Dense {
        inputs,
        outputs,
        weight: vec![0.0; inputs * outputs],
        bias: vec![0.0; outputs],
    };
    source.uniform(bound, &mut dense.weight);
    source.uniform(bound, &mut dense.bias);
    dense
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::default_encoder;

    #[test]
    fn variances_and_seeds() {
        let shape = EncoderShape::new(&default_encoder(), 40).unwrap();
        let layout = EncoderLayout::new(&shape);
        let encoder = |how, seed| encoder(&shape, &layout, how, seed);
        let first = |values: &[f32]| {
            let (weight, bias) = values[layout.layers[0].clone()].split_at(256 * 40 * 5);
            (weight.to_vec(), bias.to_vec())
        };
        let deviation = |values: &[f32]| {
            (values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
        };
        let he = (2.0f64 / 200.0).sqrt();
        for how in [Initialisation::He, Initialisation::HeUniform] {
            let (weight, bias) = first(&encoder(how, 1));
            assert!((deviation(&weight) / he - 1.0).abs() < 0.01);
            assert!(bias.iter().all(|b| *b == 0.0));
        }
        let values = encoder(Initialisation::Pytorch, 1);
        let (weight, _) = first(&values);
        assert!((deviation(&weight) / (he / 6f64.sqrt()) - 1.0).abs() < 0.01);
        assert!(weight.iter().all(|w| w.abs() <= 0.070_711));
        assert_eq!(values, encoder(Initialisation::Pytorch, 1));
        assert_ne!(values, encoder(Initialisation::Pytorch, 2));
    }
}
