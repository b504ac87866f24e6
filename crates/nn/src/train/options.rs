//! The parameters of one training, with the paper's values as defaults.

use serde::{Deserialize, Serialize};

use crate::model::spec::{Alpha, HeadMode, HeadSpec, Layer, Reversal, default_encoder};
use crate::model::{EncoderShape, Initialisation, Optimiser, TaskSpec, Update};

use super::warm_up::warm_up;
use super::{
    AlphaCurve, LearningRateSchedule, Mixup, Monitor, Sampling, SelectFrom, SelectionRule,
    SpecAugmentOptions, TrainError,
};

/// Everything that decides what is learned, apart from the data. Keys that it does not have are refused by [`Optimiser`], which
/// gets all that are left over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainOptions {
    /// Layers of the shared encoder.
    pub encoder: Vec<Layer>,
    /// What is to be predicted: the emotion, numeric targets, or both.
    #[serde(skip_serializing_if = "is_only_classes")]
    pub tasks: Vec<TaskSpec>,
    /// Attribute heads in addition to those of the tasks.
    pub heads: Vec<HeadSpec>,
    /// Weight of the attribute tasks; the paper's for the heads' mode where it is missing.
    pub alpha: Option<Alpha>,
    /// How alpha goes from its first to its last value.
    pub alpha_curve: AlphaCurve,
    /// What alpha scales behind a gradient reversal.
    pub reversal: Reversal,
    /// Most epochs.
    pub epochs: usize,
    /// Most updates; 0 sets no bound.
    pub max_updates: usize,
    /// Early stopping never ends training before this many epochs.
    pub min_epochs: usize,
    /// Epochs without a better validation UA, once it has left chance, after which training ends; 0 switches it off.
    pub patience: usize,
    /// The validation score that decides which epoch is best.
    pub monitor: Monitor,
    /// The first epoch whose weights may be kept where a later one is reached; the first of all where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select_from: Option<SelectFrom>,
    /// Utterances in a batch.
    pub batch: usize,
    /// Learning rate of every parameter.
    pub learning_rate: f64,
    /// How the learning rate changes over the epochs.
    pub learning_rate_schedule: LearningRateSchedule,
    /// Updates over which the learning rate rises to its value; 0 for none.
    pub warm_up_updates: usize,
    /// The rule of an update, with its keys.
    #[serde(flatten)]
    pub optimiser: Optimiser,
    /// Weight decay of every parameter.
    pub weight_decay: f64,
    /// Probability that a value of the embedding is dropped.
    pub dropout: f64,
    /// First values of the convolutions.
    pub initialisation: Initialisation,
    /// Masks on the features of each training batch.
    pub spec_augment: SpecAugmentOptions,
    /// How utterances are blended with each other, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixup: Option<Mixup>,
    /// How an epoch draws its utterances.
    pub sampling: Sampling,
    /// Weights of the emotion classes in the loss.
    pub class_weights: ClassWeights,
    /// Largest norm of the gradient of shared layers and heads; 0 switches clipping off.
    pub gradient_clip_norm: f64,
    /// Batches whose utterances are sorted by length together.
    pub bucket_batches: usize,
    /// Seed of first values and dropout, and of the batches where they have none of their own.
    pub seed: u64,
    /// Seed of the batches: their order, their draws and their masks; [`Self::seed`] where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_seed: Option<u64>,
}

/// Weights of the emotion classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Every utterance counts the same.
    #[default]
    None,
    /// Every class counts the same: utterances / (classes * utterances of the class).
    Balanced,
}

/// The tasks of the paper are left out, so that what was written before there were others is as it was.
fn is_only_classes(tasks: &Vec<TaskSpec>) -> bool {
    *tasks == [TaskSpec::classes()]
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            encoder: default_encoder(),
            tasks: vec![TaskSpec::classes()],
            heads: Vec::new(),
            alpha: None,
            alpha_curve: AlphaCurve::Linear,
            reversal: Reversal::Paper,
            epochs: 150,
            max_updates: 0,
            min_epochs: 0,
            patience: 20,
            monitor: Monitor::Ua,
            select_from: None,
            batch: 32,
            learning_rate: 0.002,
            learning_rate_schedule: LearningRateSchedule::default(),
            warm_up_updates: 0,
            optimiser: Optimiser::default(),
            weight_decay: 0.0,
            dropout: 0.5,
            initialisation: Initialisation::He,
            spec_augment: SpecAugmentOptions::default(),
            mixup: None,
            sampling: Sampling::All,
            class_weights: ClassWeights::None,
            gradient_clip_norm: 0.0,
            bucket_batches: 50,
            seed: 0,
            batch_seed: None,
        }
    }
}

impl TrainOptions {
    /// The task weight: as given, or the paper's. Multi-task 0.1, reversal 0 to 0.5, discriminators 0.5. Penalties have 1,
    /// conditional adversarial networks 0 to 1.
    ///
    /// # Errors
    /// Heads of different modes have no common default.
    pub fn alpha(&self) -> Result<Alpha, TrainError> {
        if let Some(alpha) = self.alpha {
            return Ok(alpha);
        }
        let Some(first) = self.heads.first() else {
            return Ok(Alpha::constant(0.0));
        };
        if self.heads.iter().any(|head| head.mode != first.mode) {
            return Err(TrainError::option(
                "alpha",
                "is missing, and heads of different modes have no common default",
            ));
        }
        Ok(match first.mode {
            HeadMode::Shared => Alpha::constant(0.1),
            HeadMode::GradReverse => Alpha::ramp(0.0, 0.5),
            HeadMode::Discriminator => Alpha::constant(0.5),
            HeadMode::Coral | HeadMode::Mmd => Alpha::constant(1.0),
            HeadMode::Cdan => Alpha::ramp(0.0, 1.0),
        })
    }

    /// What depends on the greatest number of epochs, so that another number means another training.
    ///
    /// # Errors
    /// As [`Self::alpha`].
    pub fn tied_to_epochs(&self) -> Result<Option<&'static str>, TrainError> {
        let alpha = self.alpha()?;
        if !alpha.is_constant() && alpha.epochs.is_none() {
            return Ok(Some("alpha"));
        }
        let schedule = &self.learning_rate_schedule;
        Ok(schedule.is_tied_to_epochs().then_some("learning_rate"))
    }

    /// The first epoch (from 0) that is selected from.
    ///
    /// # Errors
    /// As [`Self::alpha`].
    pub fn first_selected_epoch(&self) -> Result<usize, TrainError> {
        Ok(match self.select_from {
            None => 0,
            Some(SelectFrom::Epoch(number)) => number.saturating_sub(1),
            Some(SelectFrom::Rule(SelectionRule::RampEnd)) => {
                self.alpha()?.end_of_ramp(self.epochs)
            }
        })
    }

    /// The seed that order, draws and masks of the batches come from.
    pub fn seed_of_batches(&self) -> u64 {
        self.batch_seed.unwrap_or(self.seed)
    }

    /// The update with number `update` (from 0) in `epoch`.
    pub fn update(&self, epoch: usize, update: usize) -> Update {
        let schedule = self.learning_rate_schedule.factor(epoch, self.epochs);
        Update {
            optimiser: self.optimiser.clone(),
            learning_rate: self.learning_rate * schedule * warm_up(update, self.warm_up_updates),
            weight_decay: self.weight_decay,
        }
    }

    /// Checks every value, before any data is read.
    ///
    /// # Errors
    /// [`TrainError::Option`] names the field; a layer that does not fit is named by its number.
    pub fn check(&self, bins: usize) -> Result<(), TrainError> {
        EncoderShape::new(&self.encoder, bins)?;
        let alpha = self.alpha()?;
        let fail = TrainError::option;
        for (field, value) in [("alpha.start", alpha.start), ("alpha.end", alpha.end)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(fail(field, &format!("is {value}; expected 0 to 1")));
            }
        }
        if alpha.epochs == Some(0) {
            return Err(fail("alpha.epochs", "is 0; expected 1 or more"));
        }
        if self.first_selected_epoch()? >= self.epochs {
            let reason = format!(
                "selects from epoch {} on, and there are at most {}",
                self.first_selected_epoch()? + 1,
                self.epochs
            );
            return Err(fail("select_from", &reason));
        }
        self.check_tasks()?;
        for (index, head) in self.heads.iter().enumerate() {
            let twice = |other: &HeadSpec| other.attribute == head.attribute;
            if self.heads[..index].iter().any(twice) {
                let name = head.attribute.name();
                return Err(fail("heads", &format!("name {name} twice")));
            }
        }
        for (field, value) in [
            ("epochs", self.epochs),
            ("batch", self.batch),
            ("bucket_batches", self.bucket_batches),
        ] {
            if value == 0 || value > 1_000_000 {
                return Err(fail(field, &format!("is {value}; expected 1 to 1000000")));
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(fail("learning_rate", "must be above 0"));
        }
        if let Some((key, reason)) = self.optimiser.problem() {
            return Err(fail(key, &reason));
        }
        let dropout = self.dropout;
        if !(0.0..1.0).contains(&dropout) {
            let reason = format!("is {dropout}; expected 0 to below 1");
            return Err(fail("dropout", &reason));
        }
        for (field, value) in [
            ("gradient_clip_norm", self.gradient_clip_norm),
            ("weight_decay", self.weight_decay),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(fail(field, "must be 0 or above"));
            }
        }
        if let Some(reason) = self.learning_rate_schedule.problem() {
            return Err(fail("learning_rate_schedule", reason));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_papers() {
        let options: TrainOptions = serde_json::from_str("{}").unwrap();
        assert_eq!(options, TrainOptions::default());
        assert_eq!(
            (options.epochs, options.batch, options.patience),
            (150, 32, 20)
        );
        assert_eq!(
            (
                options.learning_rate,
                options.optimiser.name(),
                options.dropout
            ),
            (0.002, "sgd", 0.5)
        );
        assert!(options.check(40).is_ok());
        let misspelt = serde_json::from_str::<TrainOptions>(r#"{"epoch":3}"#).unwrap_err();
        assert!(misspelt.to_string().contains("`epoch`"), "{misspelt}");
    }

    #[test]
    fn options_are_written_in_the_order_in_which_model_files_have_them() {
        let written = serde_json::to_value(TrainOptions::default()).unwrap();
        let names: Vec<&String> = written.as_object().unwrap().keys().collect();
        let at = names.iter().position(|name| *name == "optimiser").unwrap();
        let around = [
            "warm_up_updates",
            "optimiser",
            "momentum",
            "beta1",
            "beta2",
            "epsilon",
            "weight_decay",
            "dropout",
        ];
        assert_eq!(names[at - 1..at + 7], around);
        let back: TrainOptions = serde_json::from_value(written).unwrap();
        assert_eq!(back, TrainOptions::default());
    }

    #[test]
    fn alpha_defaults_follow_the_heads() {
        let with = |heads: &str| -> TrainOptions {
            serde_json::from_str(&format!(r#"{{"heads":[{heads}]}}"#)).unwrap()
        };
        let head = |mode: &str| format!(r#"{{"attribute":"gender","mode":"{mode}"}}"#);
        let alpha = |mode: &str| with(&head(mode)).alpha().unwrap();
        assert_eq!(alpha("shared"), Alpha::constant(0.1));
        assert_eq!(alpha("grad_reverse").end, 0.5);
        assert_eq!(alpha("discriminator").start, 0.5);
        let mixed = with(&format!(
            r#"{},{{"attribute":"corpus","mode":"grad_reverse"}}"#,
            head("shared")
        ));
        assert!(mixed.alpha().unwrap_err().to_string().contains("alpha"));
    }

    #[test]
    fn only_scheduled_values_tie_a_training_to_its_epochs() {
        let tied = |json: &str| {
            let options: TrainOptions = serde_json::from_str(json).unwrap();
            options.tied_to_epochs().unwrap()
        };
        assert_eq!(tied("{}"), None);
        assert_eq!(tied(r#"{"alpha":{"start":0.1,"end":0.1}}"#), None);
        let reversal = r#"{"heads":[{"attribute":"gender","mode":"grad_reverse"}]}"#;
        assert_eq!(tied(reversal), Some("alpha"));
        let cosine = r#"{"learning_rate_schedule":{"shape":"cosine","end_factor":0.0}}"#;
        assert_eq!(tied(cosine), Some("learning_rate"));
        let step = r#"{"learning_rate_schedule":{"shape":"step","every_epochs":5,"factor":0.5}}"#;
        assert_eq!(tied(step), None);
    }

    #[test]
    fn wrong_values_are_named() {
        let error = |json: &str| {
            let options: TrainOptions = serde_json::from_str(json).unwrap();
            options.check(40).unwrap_err().to_string()
        };
        assert!(error(r#"{"batch":0}"#).contains("batch"));
        assert!(error(r#"{"dropout":1.0}"#).contains("dropout"));
        assert!(error(r#"{"beta2":1.0}"#).contains("beta2"));
        assert!(error(r#"{"weight_decay":-1.0}"#).contains("weight_decay"));
        assert!(error(r#"{"alpha":{"start":0,"end":1.5}}"#).contains("alpha.end"));
        assert!(error(r#"{"encoder":[{"layer":"lstm","units":0}]}"#).contains("layer 0"));
    }
}
