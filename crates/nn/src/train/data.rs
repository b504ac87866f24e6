//! What a training learns from.

use pipe_foundation::FeaturesView;
use pipe_speech::corpus::Utterance;

use super::{SpecAugment, TrainError};
use crate::model::Encoder;

/// What is hidden of each training utterance, drawn anew in each epoch from a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Augment {
    /// The masks.
    pub masks: SpecAugment,
    /// Their seed.
    pub seed: u64,
}

/// An utterance and its features, borrowed from where they lie.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// Labels and id.
    pub utterance: &'a Utterance,
    /// Its normalised features.
    pub features: FeaturesView<'a>,
}

/// Both splits and what travels in the model file.
pub struct TrainingData<'a> {
    /// Utterances that weights are fitted on.
    pub train: Vec<Example<'a>>,
    /// Utterances that early stopping watches.
    pub validation: Vec<Example<'a>>,
    /// Augmentation of the training features, if any.
    pub augment: Option<Augment>,
    /// Options of the features.
    pub feature_options: serde_json::Value,
    /// Where the data comes from.
    pub provenance: serde_json::Value,
}

impl TrainingData<'_> {
    /// Bins of the features: those of the first utterance.
    ///
    /// # Errors
    /// [`TrainError::Empty`] where a split holds nothing.
    pub fn bins(&self) -> Result<usize, TrainError> {
        if self.validation.is_empty() {
            return Err(TrainError::Empty {
                split: "validation",
            });
        }
        self.train
            .first()
            .map(|example| example.features.bins)
            .ok_or(TrainError::Empty { split: "train" })
    }

    /// Checks that every utterance fits the encoder.
    pub(super) fn check(&self, encoder: &Encoder) -> Result<(), TrainError> {
        for example in self.train.iter().chain(&self.validation) {
            encoder
                .check(&example.features)
                .map_err(|source| TrainError::Features {
                    utterance: example.utterance.id.clone(),
                    source,
                })?;
        }
        Ok(())
    }
}
