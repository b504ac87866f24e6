//! The multilinear map of embeddings and probabilities, which a conditional adversarial network classifies (Long et al.,
//! "Conditional adversarial domain adaptation", 2018, eq. 4). With PyTorch's tensors: `torch.bmm(p.unsqueeze(2),
//! f.unsqueeze(1)).flatten(1)`, where `p` is detached as in the authors' program.

#[cfg(feature = "cuda")]
pub(crate) mod cuda_kernel;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::tape_op::unary;

/// For embeddings f `[rows, width]` and probabilities p `[rows, classes]`, row-major, the products `p[c] f[i]`, `[rows, classes *
/// width]` in the order of c, then i. The probabilities are constants: no gradient reaches what gave them.
///
/// # Errors
/// Where memory runs out.
pub fn multilinear_map<T: Tape<f32, Cpu>>(
    embeddings: Tensor<(usize, usize), f32, Cpu, T>,
    probabilities: Vec<f32>,
    classes: usize,
) -> Result<Tensor<(usize, usize), f32, Cpu, T>, CpuError> {
    let (rows, width) = *embeddings.shape();
    let values = embeddings.as_vec();
    let mut products = Vec::with_capacity(rows * classes * width);
    let pairs = values.chunks_exact(width.max(1));
    for (row, shares) in pairs.zip(probabilities.chunks_exact(classes.max(1))) {
        for share in shares {
            products.extend(row.iter().map(|value| share * value));
        }
    }
    let shape = (rows, classes * width);
    unary(embeddings, products, shape, move |of_output, of_input| {
        let rows = of_input.chunks_exact_mut(width.max(1));
        let all = probabilities.chunks_exact(classes.max(1));
        let gradients = of_output.chunks_exact((classes * width).max(1));
        for ((to, shares), from) in rows.zip(all).zip(gradients) {
            for (share, from) in shares.iter().zip(from.chunks_exact(width.max(1))) {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(sum, g)| *sum += share * g);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use pipe_foundation::test_support::noise;

    use super::*;

    #[test]
    fn products_and_slopes_are_those_of_the_definition() {
        let (rows, width, classes) = (3, 4, 2);
        let device = Cpu::default();
        let values = noise(rows * width, 1);
        let shares: Vec<f32> = noise(rows * classes, 2).iter().map(|v| v.abs()).collect();
        let slope = noise(rows * classes * width, 3);
        let x = device.tensor_from_vec(values.clone(), (rows, width));
        let slopes = device.tensor_from_vec(slope.clone(), (rows, classes * width));
        let out = multilinear_map(x.leaky_trace(), shares.clone(), classes).unwrap();
        let found = out.as_vec();
        let gradient = (out * slopes).sum().backward().get(&x).as_vec();
        for row in 0..rows {
            for i in 0..width {
                let mut expected = 0.0;
                for c in 0..classes {
                    let at = row * classes * width + c * width + i;
                    let share = shares[row * classes + c];
                    assert_eq!(found[at], share * values[row * width + i]);
                    expected += share * slope[at];
                }
                // The map is linear, so that this is also what finite differences give.
                assert!((gradient[row * width + i] - expected).abs() < 1e-6);
            }
        }
    }
}
