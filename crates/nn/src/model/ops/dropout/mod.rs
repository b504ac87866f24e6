//! Dropout with a mask of its own seed (Srivastava et al., 2014), scaled as `torch.nn.Dropout`.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::tape_op::unary;

/// Zeroes each value with `probability` and scales the rest by `1 / (1 - probability)`.
///
/// The same seed gives the same mask on every machine.
///
/// # Errors
/// Where memory runs out.
pub fn dropout<S: Shape, T: Tape<f32, Cpu>>(
    input: Tensor<S, f32, Cpu, T>,
    probability: f32,
    seed: u64,
) -> Result<Tensor<S, f32, Cpu, T>, CpuError> {
    if probability <= 0.0 {
        return Ok(input);
    }
    let shape = *input.shape();
    let mut values = input.as_vec();
    let mask = mask(values.len(), probability, seed);
    values.iter_mut().zip(&mask).for_each(|(x, m)| *x *= m);
    unary(input, values, shape, move |of_output, of_input| {
        for ((to, from), m) in of_input.iter_mut().zip(of_output).zip(&mask) {
            *to += from * m;
        }
    })
}

/// `count` factors: 0 or `1 / (1 - probability)`.
pub fn mask(count: usize, probability: f32, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let scale = 1.0 / (1.0 - probability);
    (0..count)
        .map(|_| {
            if random.r#gen::<f32>() < probability {
                0.0
            } else {
                scale
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn each_value_is_dropped_or_scaled_and_so_is_its_gradient(
            rows in 1usize..5, columns in 1usize..40, probability in 0f32..0.95, seed: u64, values: u32,
        ) {
            let device = Cpu::default();
            let count = rows * columns;
            let values = noise(count, values);
            let slope = noise(count, 3);
            let x = device.tensor_from_vec(values.clone(), (rows, columns));
            let weights = device.tensor_from_vec(slope.clone(), (rows, columns));
            let out = dropout(x.leaky_trace(), probability, seed).unwrap();
            let found = out.as_vec();
            let gradient = (out * weights).sum().backward().get(&x).as_vec();
            let scale = 1.0 / (1.0 - probability);
            for at in 0..count {
                // Which values are dropped shows in the output; the slope of what is left is its scale.
                let factor = if found[at] == 0.0 && values[at] != 0.0 { 0.0 } else { scale };
                prop_assert_eq!(found[at], values[at] * factor);
                prop_assert_eq!(gradient[at], slope[at] * factor);
            }
            if probability == 0.0 {
                prop_assert_eq!(found, values);
            }
        }

        #[test]
        fn about_as_many_are_dropped_as_asked(probability in 0.05f32..0.95, seed: u64) {
            let dropped = mask(20_000, probability, seed).iter().filter(|&&m| m == 0.0).count();
            let off = dropped as f64 / 20_000.0 - f64::from(probability);
            // Six standard deviations of a fair draw.
            prop_assert!(off.abs() < 6.0 * (0.25f64 / 20_000.0).sqrt(), "{}", off);
        }
    }

    #[test]
    fn mask_is_seeded_balanced_and_passed_back() {
        let first = mask(10_000, 0.5, 7);
        assert_eq!(first, mask(10_000, 0.5, 7));
        assert_ne!(first, mask(10_000, 0.5, 8));
        let kept = first.iter().filter(|&&m| m == 2.0).count();
        assert!((4_800..5_200).contains(&kept), "{kept} of 10000 kept");
        let device = Cpu::default();
        let x = device.tensor([1.0f32; 64]);
        let grads = dropout(x.leaky_trace(), 0.5, 7).unwrap().sum().backward();
        assert_eq!(grads.get(&x).as_vec(), first[..64]);
    }
}
