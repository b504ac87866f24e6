//! Names of gradients on dfdx's tape, of values that dfdx does not hold.

use dfdx::prelude::*;
use dfdx::tensor::CpuError;

/// The name of the gradient of `length` values.
///
/// dfdx makes a gradient as long as the tensor that names it. This tensor is empty, so that no copy of the values lies
/// beside them, and its gradient gets its length when it is asked for.
#[derive(Clone, Debug)]
pub(super) struct GradientName {
    tensor: Tensor<(usize,), f32, Cpu>,
    length: usize,
}

impl GradientName {
    /// A name that no other gradient has.
    pub(super) fn new(device: &Cpu, length: usize) -> Result<Self, CpuError> {
        let tensor = device.try_zeros_like(&(0,))?;
        Ok(Self { tensor, length })
    }

    /// The gradient; made of zeros where it did not exist.
    pub(super) fn gradient<'a>(
        &self,
        grads: &'a mut Gradients<f32, Cpu>,
    ) -> Result<&'a mut Vec<f32>, CpuError> {
        let own = &mut **grads.get_or_alloc_mut(&self.tensor)?;
        let missing = self.length.saturating_sub(own.len());
        own.try_reserve_exact(missing)
            .map_err(|_| CpuError::OutOfMemory)?;
        own.resize(self.length, 0.0);
        Ok(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_has_its_length_is_its_own_and_stays() {
        let device = Cpu::default();
        let names = [4, 2].map(|length| GradientName::new(&device, length).unwrap());
        let mut grads = Gradients::leaky();
        assert_eq!(*names[0].gradient(&mut grads).unwrap(), [0.0; 4]);
        names[0].gradient(&mut grads).unwrap()[3] = 5.0;
        assert_eq!(*names[1].gradient(&mut grads).unwrap(), [0.0; 2]);
        let again = names[0].clone();
        assert_eq!(*again.gradient(&mut grads).unwrap(), [0.0, 0.0, 0.0, 5.0]);
    }
}
