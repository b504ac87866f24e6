//! The masks of SpecAugment as options of a training.

use serde::{Deserialize, Serialize};

use super::SpecAugment;

/// The masks of SpecAugment (Park et al., 2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpecAugmentOptions {
    /// Largest number of masked frames; 0 switches the mask off.
    pub time_mask_frames: usize,
    /// Largest number of masked bins; 0 switches the mask off.
    pub frequency_mask_bins: usize,
    /// Number of time masks; 1 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_masks: Option<usize>,
    /// Number of frequency masks; 1 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_masks: Option<usize>,
}

impl SpecAugmentOptions {
    /// The masks.
    pub fn masks(&self) -> SpecAugment {
        let default = SpecAugment::default();
        SpecAugment {
            time_mask_frames: self.time_mask_frames,
            frequency_mask_bins: self.frequency_mask_bins,
            time_masks: self.time_masks.unwrap_or(default.time_masks),
            frequency_masks: self.frequency_masks.unwrap_or(default.frequency_masks),
            ..default
        }
    }
}

impl Default for SpecAugmentOptions {
    fn default() -> Self {
        Self {
            time_mask_frames: 30,
            frequency_mask_bins: 3,
            time_masks: None,
            frequency_masks: None,
        }
    }
}
