//! A fully connected layer as one operation on dfdx's tape, by our own matrix kernel.
//!
//! The tensor library's product cuts its sums by the sizes of the processor's caches, so that its bits differ
//! between machines. Ours do not.

use std::rc::Rc;

use dfdx::prelude::*;
use dfdx::tensor::CpuError;
use pipe_foundation::matmul::{Packed, multiply, multiply_transposed};

use crate::layers::transposed;

use super::parameter::Parameter;

/// A matrix of runtime size.
pub(super) type Matrix<T = NoneTape> = Tensor<(usize, usize), f32, Cpu, T>;

/// Whether a layer's own values get gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learns {
    /// They do.
    Yes,
    /// The gradient only passes through, as to the classifier through a frozen discriminator.
    No,
}

/// `x Wᵀ + b` for `x` `[rows, inputs]`, weight `[outputs, inputs]`, bias `[outputs]` (`torch.nn.functional.linear`).
///
/// Computed as `W xᵀ`: the weight, which is large compared with a batch, is read in place and never packed.
pub(super) fn dense<T: Tape<f32, Cpu>>(
    x: Matrix<T>,
    weight: &Parameter<(usize, usize)>,
    bias: &Parameter<(usize,)>,
    learns: Learns,
) -> Result<Matrix<T>, CpuError> {
    let (x, mut tape) = x.split_tape();
    let (rows, inputs) = *x.shape();
    let outputs = weight.shape().0;
    let left = x.as_vec();
    let weights = Rc::clone(weight.values());
    let mut packed = Packed::default();
    packed.pack(&left, inputs, rows, 1, inputs);
    let mut turned: Vec<f32> = bias
        .values()
        .iter()
        .flat_map(|&value| std::iter::repeat_n(value, rows))
        .collect();
    multiply(outputs, &weights, inputs, &packed, &mut turned, rows, true);
    let out = transposed(&turned, outputs, rows);
    let output = x.device().try_tensor_from_vec(out, (rows, outputs))?;
    let to = output.ghost();
    let of_x = x.ghost();
    let (of_weight, of_bias) = (weight.name().clone(), bias.name().clone());
    tape.add_backward_op(move |grads| {
        // All exist before any is taken: a later insertion would move the map's values.
        grads.try_alloc_for(&of_x)?;
        if learns == Learns::Yes {
            of_weight.gradient(grads)?;
            of_bias.gradient(grads)?;
        }
        let gradient = std::mem::take(&mut **grads.get_or_alloc_mut(&to)?);
        let mut packed = Packed::default();
        packed.pack(&gradient, outputs, rows, 1, outputs);
        let grad_x = grads.get_or_alloc_mut(&of_x)?;
        // The sums continue from the values present, as they would without the detour.
        let mut turned = transposed(grad_x, rows, inputs);
        multiply_transposed(inputs, &weights, inputs, &packed, &mut turned, rows, true);
        grad_x.copy_from_slice(&transposed(&turned, inputs, rows));
        if learns == Learns::Yes {
            packed.pack(&left, rows, inputs, inputs, 1);
            let grad_weight = of_weight.gradient(grads)?;
            multiply_transposed(
                outputs,
                &gradient,
                outputs,
                &packed,
                grad_weight,
                inputs,
                true,
            );
            let grad_bias = of_bias.gradient(grads)?;
            for row in gradient.chunks_exact(outputs.max(1)) {
                for (sum, value) in grad_bias.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        }
        **grads.get_or_alloc_mut(&to)? = gradient;
        Ok(())
    });
    Ok(output.put_tape(tape))
}
