//! What a training cannot do on a CUDA device, as there are no kernels for it.

use crate::model::Device;

use super::{TrainError, TrainOptions};

impl TrainOptions {
    /// The first thing besides layers for which a CUDA device has no kernels, behind the option that asks for it.
    pub fn without_kernels(&self) -> Option<(&'static str, String)> {
        let name = self.optimiser.name();
        let has_kernel = self.optimiser.has_kernel();
        (!has_kernel).then(|| ("optimiser", format!("the optimiser {name}")))
    }
}

/// Refuses what cannot be done on the device.
///
/// # Errors
/// [`TrainError::NoKernels`] names it.
pub(super) fn check_device(options: &TrainOptions, device: Device) -> Result<(), TrainError> {
    match options.without_kernels() {
        Some((_, what)) if device.is_cuda() => Err(TrainError::NoKernels { what }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Optimiser;

    #[test]
    fn an_optimiser_without_a_kernel_is_named() {
        assert_eq!(TrainOptions::default().without_kernels(), None);
        let options = TrainOptions {
            optimiser: Optimiser::without_kernel(),
            ..TrainOptions::default()
        };
        let told = ("optimiser", "the optimiser made_up".to_owned());
        assert_eq!(options.without_kernels(), Some(told));
    }
}
