//! Dropout with a mask of its own seed (Srivastava et al., 2014), scaled as `torch.nn.Dropout`.

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
    use super::*;

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
