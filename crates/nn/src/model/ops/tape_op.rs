//! The frame of our own operations with one input on dfdx's tape.

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

/// Puts `output` on the input's tape under a new id; `backward(grad_output, grad_input)` adds to the input's gradient.
pub(crate) fn unary<S: Shape, O: Shape, T: Tape<f32, Cpu>>(
    input: Tensor<S, f32, Cpu, T>,
    output: Vec<f32>,
    shape: O,
    backward: impl FnOnce(&[f32], &mut [f32]) + 'static,
) -> Result<Tensor<O, f32, Cpu, T>, CpuError> {
    let (input, mut tape) = input.split_tape();
    let output = input.device().try_tensor_from_vec(output, shape)?;
    let (from, to) = (input.ghost(), output.ghost());
    tape.add_backward_op(move |grads| {
        // Both exist before either is taken: a later insertion would move the map's values.
        grads.try_alloc_for(&from)?;
        let of_output = std::mem::take(&mut **grads.get_or_alloc_mut(&to)?);
        backward(&of_output, grads.get_or_alloc_mut(&from)?);
        **grads.get_or_alloc_mut(&to)? = of_output;
        Ok(())
    });
    Ok(output.put_tape(tape))
}

/// `sum of weight * scalar`; every scalar receives its weight as gradient.
pub(crate) fn weighted_sum<T: Tape<f32, Cpu>>(
    device: &Cpu,
    mut tape: T,
    terms: Vec<(Tensor<Rank0, f32, Cpu>, f32)>,
) -> Result<Tensor<Rank0, f32, Cpu, T>, CpuError> {
    let total = terms
        .iter()
        .map(|(term, weight)| term.array() * weight)
        .sum();
    let output = device.try_tensor_from_vec(vec![total], ())?;
    let to = output.ghost();
    let from: Vec<_> = terms.iter().map(|(term, w)| (term.ghost(), *w)).collect();
    tape.add_backward_op(move |grads| {
        let scale = grads
            .get_or_alloc_mut(&to)?
            .first()
            .copied()
            .unwrap_or_default();
        for (term, weight) in &from {
            if let Some(gradient) = grads.get_or_alloc_mut(term)?.first_mut() {
                *gradient += scale * weight;
            }
        }
        Ok(())
    });
    Ok(output.put_tape(tape))
}
