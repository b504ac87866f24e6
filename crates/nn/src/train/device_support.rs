//! What trainings on a CUDA device cannot learn, as it has no kernels for it.

use crate::model::Device;

use super::{TrainError, TrainOptions, TrainingData};

impl TrainOptions {
    /// The first thing for which a CUDA device has no kernels, whatever the data, behind the option that asks for it.
    pub fn without_kernels(&self) -> Option<(&'static str, String)> {
        let task = self.tasks.iter().find_map(|task| {
            if !task.is_of_classes() {
                return Some(format!("the numeric target {}", task.task));
            }
            if !task.loss.has_kernels() {
                return Some(format!("the loss {}", task.loss.name()));
            }
            (task.label_smoothing() != 0.0).then(|| "label smoothing".to_owned())
        });
        let of_head = || {
            let mut heads = self.heads.iter();
            let head = heads.find(|head| head.mode.has_weight())?;
            Some(format!("a head of mode {}", head.mode.name()))
        };
        let of_heads = task.or_else(of_head).map(|what| ("heads", what));
        let mixup = || self.mixup.map(|_| ("mixup", "mixup".to_owned()));
        let optimiser = || {
            let name = self.optimiser.name();
            let has_kernel = self.optimiser.has_kernel();
            (!has_kernel).then(|| ("optimiser", format!("the optimiser {name}")))
        };
        of_heads.or_else(mixup).or_else(optimiser)
    }
}

/// Refuses what cannot be learned on the device.
///
/// # Errors
/// [`TrainError::DeviceTask`] names it.
pub(super) fn check_device(
    options: &TrainOptions,
    data: &TrainingData<'_>,
    device: Device,
) -> Result<(), TrainError> {
    if !device.is_cuda() {
        return Ok(());
    }
    let odd = options.without_kernels().map(|(_, what)| what);
    let shares = || data.shares.is_some().then(|| "shares of votes".to_owned());
    match odd.or_else(shares) {
        Some(what) => Err(TrainError::DeviceTask { what }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Optimiser;

    #[test]
    fn what_has_no_kernels_is_named() {
        let found = |json: &str| {
            let options: TrainOptions = serde_json::from_str(json).unwrap();
            let found = options.without_kernels();
            found.map(|(option, what)| format!("{option}: {what}"))
        };
        assert_eq!(found("{}"), None);
        let reversal = r#"{"attribute":"gender","mode":"grad_reverse"}"#;
        let coral = r#"{"attribute":"corpus","mode":"coral"}"#;
        assert_eq!(found(&format!(r#"{{"heads":[{reversal}]}}"#)), None);
        let both = found(&format!(r#"{{"heads":[{reversal},{coral}]}}"#));
        assert_eq!(both.as_deref(), Some("heads: a head of mode coral"));
        let focal = r#"{"tasks":[{"task":"emotion","loss":"focal"}]}"#;
        assert_eq!(found(focal).as_deref(), Some("heads: the loss focal"));
        let mixup = r#"{"mixup":{"alpha":0.2}}"#;
        assert_eq!(found(mixup).as_deref(), Some("mixup: mixup"));
        let options = TrainOptions {
            optimiser: Optimiser::without_kernel(),
            ..TrainOptions::default()
        };
        let told = ("optimiser", "the optimiser made_up".to_owned());
        assert_eq!(options.without_kernels(), Some(told));
    }
}
