//! Gradient reversal (Ganin et al., 2016): the identity forward, `-lambda` times the gradient backward.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::tape_op::unary;

/// Reverses the gradient of `input`; the output has an id of its own, so the two gradients never mix.
///
/// # Errors
/// Where memory runs out.
pub fn grad_reverse<S: Shape, T: Tape<f32, Cpu>>(
    input: Tensor<S, f32, Cpu, T>,
    lambda: f32,
) -> Result<Tensor<S, f32, Cpu, T>, CpuError> {
    let shape = *input.shape();
    let values = input.as_vec();
    unary(input, values, shape, move |of_output, of_input| {
        for (to, from) in of_input.iter_mut().zip(of_output) {
            *to -= lambda * from;
        }
    })
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn is_the_identity_with_minus_lambda_times_its_gradient(
            rows in 1usize..5, columns in 1usize..20, lambda in 0f32..2.0, seed: u32,
        ) {
            let device = Cpu::default();
            let values = noise(rows * columns, seed);
            let slope = noise(rows * columns, seed ^ 1);
            let x = device.tensor_from_vec(values.clone(), (rows, columns));
            let weights = device.tensor_from_vec(slope.clone(), (rows, columns));
            let out = grad_reverse(x.leaky_trace(), lambda).unwrap();
            prop_assert_eq!(out.as_vec(), values);
            let gradient = (out * weights).sum().backward().get(&x).as_vec();
            for (found, slope) in gradient.iter().zip(&slope) {
                prop_assert_eq!(*found, 0.0 - lambda * slope);
            }
        }
    }

    #[test]
    fn value_stays_and_gradient_turns() {
        let device = Cpu::default();
        let x = device.tensor([1.0f32, -2.0, 3.0]);
        // Used once directly and once reversed: 1 - lambda * 2x would be mixed up if the ids were shared.
        let direct = x.leaky_trace();
        let reversed = grad_reverse(direct, 0.25).unwrap();
        assert_eq!(reversed.as_vec(), x.as_vec());
        let grads = reversed.square().sum().backward();
        assert_eq!(grads.get(&x).array(), [-0.5, 1.0, -1.5]);
    }
}
