//! How a manifest describes a network: encoder layers, attribute heads, task weight.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::layers::Layer;

/// The encoder whose sizes reproduce the paper's parameter count: 1,760,000 with 40 bins.
pub fn default_encoder() -> Vec<Layer> {
    match serde_json::from_str(DEFAULT_ENCODER) {
        Ok(layers) => layers,
        Err(error) => unreachable!("the default encoder can be read: {error}"),
    }
}

/// [`default_encoder`] as JSON.
pub const DEFAULT_ENCODER: &str = r#"[
    {"layer": "conv", "channels": 256, "width": 5, "padding": 2, "pool_width": 3, "pool_stride": 2},
    {"layer": "conv", "channels": 256, "width": 5, "padding": 2, "pool_width": 3, "pool_stride": 2},
    {"layer": "conv", "channels": 256, "width": 5, "padding": 2, "pool_width": 3, "pool_stride": 2},
    {"layer": "lstm", "units": 256, "bidirectional": true, "layers": 1},
    {"layer": "time_pool", "how": "last_states"}
]"#;

/// What an attribute head predicts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Attribute {
    /// The corpus of the utterance.
    Corpus,
    /// The speaker's gender.
    Gender,
    /// The speaker.
    Speaker,
    /// The language.
    Language,
    /// Another column of the data.
    Column(Arc<str>),
}

impl Attribute {
    /// Name as written in manifests.
    pub fn name(&self) -> &str {
        match self {
            Self::Corpus => "corpus",
            Self::Gender => "gender",
            Self::Speaker => "speaker",
            Self::Language => "language",
            Self::Column(name) => name,
        }
    }
}

impl From<String> for Attribute {
    fn from(name: String) -> Self {
        let built_in = [Self::Corpus, Self::Gender, Self::Speaker, Self::Language];
        let found = built_in.into_iter().find(|other| other.name() == name);
        found.unwrap_or_else(|| Self::Column(name.into()))
    }
}

impl From<Attribute> for String {
    fn from(attribute: Attribute) -> Self {
        attribute.name().to_owned()
    }
}

/// How an attribute head takes part in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadMode {
    /// Multi-task learning, eq. 1 of the paper.
    Shared,
    /// Gradient reversal before the head, eq. 2.
    GradReverse,
    /// Adversarial discriminator on the emotion probabilities, eq. 3.
    Discriminator,
}

/// One attribute head.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadSpec {
    /// What it predicts.
    pub attribute: Attribute,
    /// How it takes part in training.
    pub mode: HeadMode,
}

/// Weight of the attribute tasks: linear over the epochs, constant where both ends are equal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alpha {
    /// Value at epoch 0.
    pub start: f64,
    /// Value at the last possible epoch.
    pub end: f64,
}

impl Alpha {
    /// The same weight in every epoch.
    pub fn constant(value: f64) -> Self {
        Self {
            start: value,
            end: value,
        }
    }

    /// The weight at `epoch` (from 0) of at most `epochs`: `start + (end - start) e / (E - 1)`.
    pub fn at(&self, epoch: usize, epochs: usize) -> f64 {
        if epochs < 2 {
            return self.start;
        }
        let part = epoch.min(epochs - 1) as f64 / (epochs - 1) as f64;
        self.start + (self.end - self.start) * part
    }
}

/// What alpha scales where a head sits behind a gradient reversal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversal {
    /// Eq. 2 of the paper: alpha scales the head's own learning and the reversed gradient.
    #[default]
    Paper,
    /// Ganin et al. (2016): heads learn with weight 1 and emotion keeps weight 1; alpha scales only the reversed gradient.
    Ganin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_linear_over_the_epochs() {
        let alpha = Alpha {
            start: 0.0,
            end: 0.5,
        };
        assert_eq!(alpha.at(0, 150), 0.0);
        assert_eq!(alpha.at(149, 150), 0.5);
        assert!((alpha.at(10, 21) - 0.25).abs() < 1e-12);
        assert_eq!(alpha.at(0, 1), 0.0);
        assert_eq!(Alpha::constant(0.1).at(77, 150), 0.1);
    }
}
