//! What trainings on a CUDA device cannot learn, as it has no kernels for it.

use crate::model::Device;

use super::{TrainError, TrainOptions};

impl TrainOptions {
    /// The first thing for which a CUDA device has no kernels.
    pub fn without_kernels(&self) -> Option<String> {
        self.mixup.map(|_| "mixup".to_owned())
    }
}

/// Refuses what cannot be learned on the device.
///
/// # Errors
/// [`TrainError::DeviceTask`] names it.
pub(super) fn check_device(options: &TrainOptions, device: Device) -> Result<(), TrainError> {
    if !device.is_cuda() {
        return Ok(());
    }
    match options.without_kernels() {
        Some(what) => Err(TrainError::DeviceTask { what }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_kernels_is_named() {
        let found = |json: &str| {
            let options: TrainOptions = serde_json::from_str(json).unwrap();
            options.without_kernels()
        };
        assert_eq!(found("{}"), None);
        let reversal = r#"{"attribute":"gender","mode":"grad_reverse"}"#;
        let coral = r#"{"attribute":"corpus","mode":"coral"}"#;
        assert_eq!(found(&format!(r#"{{"heads":[{reversal},{coral}]}}"#)), None);
        let focal = r#"{"tasks":[{"task":"emotion","loss":"focal"}]}"#;
        assert_eq!(found(focal), None);
        let number = r#"{"tasks":[{"task":"arousal","loss":"mse"}]}"#;
        assert_eq!(found(number), None);
        let mixup = r#"{"mixup":{"alpha":0.2}}"#;
        assert_eq!(found(mixup).as_deref(), Some("mixup"));
    }
}
