//! How features are normalised between where they are made and the network.

use pipe_foundation::Standardisation;
use serde::{Deserialize, Serialize};

/// What makes features of different recordings alike before they reach the network; travels in the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "over", rename_all = "snake_case")]
pub enum InputNormalisation {
    /// Units of the training data, the same for every recording.
    Training(Standardisation),
    /// Units of each recording, over its own frames.
    Utterance,
    /// Units of all recordings of one corpus and split that have the same value of an attribute, such as a speaker.
    Group {
        /// Name of the attribute.
        attribute: String,
    },
}

impl InputNormalisation {
    /// What keeps it from being used for features of `bins` values a frame, in words.
    pub fn fault(&self, bins: usize) -> Option<String> {
        match self {
            Self::Training(units) => units.fault(bins),
            Self::Utterance | Self::Group { .. } => None,
        }
    }

    /// What it is called in texts: `over the training data`.
    pub fn description(&self) -> String {
        match self {
            Self::Training(_) => "over the training data".into(),
            Self::Utterance => "over each recording".into(),
            Self::Group { attribute } => format!("over all recordings of the same {attribute}"),
        }
    }
}
