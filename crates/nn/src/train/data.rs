//! What a training learns from.

use std::collections::BTreeMap;

use pipe_foundation::FeaturesView;

use crate::model::spec::Attribute;
use crate::model::{Encoder, InputNormalisation};

use super::{SpecAugment, TrainError};

/// What is hidden of each training utterance, drawn afresh in each epoch from a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Augment {
    /// The masks.
    pub masks: SpecAugment,
    /// Their seed.
    pub seed: u64,
}

/// An utterance and its features, borrowed in place.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// Its id, which names it in messages and seeds its masks.
    pub id: &'a str,
    /// The corpus that it comes from, since draws can be balanced over corpora.
    pub corpus: &'a str,
    /// Number of its class in [`TrainingData::classes`]; none where it is not known, or where there are no classes.
    pub class: Option<usize>,
    /// Its features as the network takes them.
    pub features: FeaturesView<'a>,
}

/// A numeric target: its number for every utterance, in the unit of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetColumn {
    /// Its name.
    pub name: String,
    /// Those of the training split; none where it is not known.
    pub train: Vec<Option<f64>>,
    /// Those of the validation split.
    pub validation: Vec<Option<f64>>,
}

/// Both splits and what travels in the model file.
pub struct TrainingData<'a> {
    /// Names of the classes, in the order of the network's outputs.
    pub classes: Vec<String>,
    /// Utterances that weights are fitted on.
    pub train: Vec<Example<'a>>,
    /// Utterances that early stopping watches.
    pub validation: Vec<Example<'a>>,
    /// For each utterance of `train` the share of each class, where annotators disagree and the training is to know it.
    pub shares: Option<Vec<Vec<f32>>>,
    /// The numeric targets that there are tasks for.
    pub targets: Vec<TargetColumn>,
    /// For each attribute with a head, the label of every utterance of `train`, in the same order; none where it is not
    /// documented.
    pub labels: BTreeMap<Attribute, Vec<Option<&'a str>>>,
    /// Augmentation of the training features, if any.
    pub augment: Option<Augment>,
    /// Options of the features.
    pub feature_options: serde_json::Value,
    /// How they were normalised since they were made.
    pub normalisation: Option<InputNormalisation>,
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

    /// Checks that classes and labels belong to the utterances.
    pub(super) fn check_labels(&self) -> Result<(), TrainError> {
        let classes = self.classes.len();
        let mut all = self.train.iter().chain(&self.validation);
        let odd = |example: &Example<'_>| {
            let class = example.class.filter(|&class| class >= classes)?;
            Some((example.id.to_owned(), class))
        };
        if let (true, Some((id, class))) = (classes > 0, all.find_map(odd)) {
            return Err(TrainError::Data(format!(
                "utterance {id} has class {class} (counted from 0), but there are {classes} classes"
            )));
        }
        for target in &self.targets {
            let lengths = (target.train.len(), target.validation.len());
            if lengths != (self.train.len(), self.validation.len()) {
                return Err(TrainError::Data(format!(
                    "there are {} and {} numbers of the target {} for {} and {} utterances",
                    lengths.0,
                    lengths.1,
                    target.name,
                    self.train.len(),
                    self.validation.len()
                )));
            }
        }
        for (attribute, column) in &self.labels {
            let (name, labels, utterances) = (attribute.name(), column.len(), self.train.len());
            if labels != utterances {
                return Err(TrainError::Data(format!(
                    "there are {labels} labels of the attribute {name} for {utterances} utterances"
                )));
            }
        }
        Ok(())
    }

    /// Checks that every utterance fits the encoder.
    pub(super) fn check(&self, encoder: &Encoder) -> Result<(), TrainError> {
        for example in self.train.iter().chain(&self.validation) {
            encoder
                .check(&example.features)
                .map_err(|source| TrainError::Features {
                    utterance: example.id.to_owned(),
                    source,
                })?;
        }
        Ok(())
    }
}
