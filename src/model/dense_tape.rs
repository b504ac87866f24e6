//! A fully connected layer as one operation on dfdx's tape, by our own matrix kernel.
//!
//! The tensor library's product cuts its sums by the sizes of the processor's caches, so that its bits differ
//! between machines. Ours do not.

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

use super::heads::Matrix;
use super::ops::matmul::{Packed, multiply, multiply_transposed};

/// `x Wᵀ + b` for `x` `[rows, inputs]`, weight `[outputs, inputs]`, bias `[outputs]` (`torch.nn.functional.linear`).
pub(super) fn dense<T: Tape<f32, Cpu>>(
    x: Matrix<T>,
    weight: &Tensor<(usize, usize), f32, Cpu>,
    bias: &Tensor<(usize,), f32, Cpu>,
) -> Result<Matrix<T>, CpuError> {
    let (x, mut tape) = x.split_tape();
    let (rows, inputs) = *x.shape();
    let outputs = weight.shape().0;
    let left = x.as_vec();
    let weights = weight.as_vec();
    let mut packed = Packed::default();
    packed.pack(&weights, inputs, outputs, 1, inputs);
    let mut out = bias.as_vec().repeat(rows);
    multiply(rows, &left, inputs, &packed, &mut out, outputs, true);
    let output = x.device().try_tensor_from_vec(out, (rows, outputs))?;
    let to = output.ghost();
    let (of_x, of_weight, of_bias) = (x.ghost(), weight.ghost(), bias.ghost());
    tape.add_backward_op(move |grads| {
        // All exist before any is taken: a later insertion would move the map's values.
        grads.try_alloc_for(&of_x)?;
        grads.try_alloc_for(&of_weight)?;
        grads.try_alloc_for(&of_bias)?;
        let gradient = std::mem::take(&mut **grads.get_or_alloc_mut(&to)?);
        let mut packed = Packed::default();
        packed.pack(&weights, outputs, inputs, inputs, 1);
        let grad_x = grads.get_or_alloc_mut(&of_x)?;
        multiply(rows, &gradient, outputs, &packed, grad_x, inputs, true);
        packed.pack(&left, rows, inputs, inputs, 1);
        let grad_weight = grads.get_or_alloc_mut(&of_weight)?;
        multiply_transposed(
            outputs,
            &gradient,
            outputs,
            &packed,
            grad_weight,
            inputs,
            true,
        );
        let grad_bias = grads.get_or_alloc_mut(&of_bias)?;
        for row in gradient.chunks_exact(outputs.max(1)) {
            for (sum, value) in grad_bias.iter_mut().zip(row) {
                *sum += value;
            }
        }
        **grads.get_or_alloc_mut(&to)? = gradient;
        Ok(())
    });
    Ok(output.put_tape(tape))
}
