//! Identity of a model: method, attributes, seed and training corpora.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How a model uses its attribute heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// No attribute heads.
    Baseline,
    /// Multi-task learning.
    Mtl,
    /// Gradient reversal.
    Gr,
    /// Adversarial discriminators.
    Ad,
}

impl Method {
    /// The abbreviation used in the literature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Mtl => "MTL",
            Self::Gr => "GR",
            Self::Ad => "AD",
        }
    }
}

/// What an attribute head predicts, in the order of the letters of a combination such as C+S+G+L.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Attribute {
    /// The corpus.
    Corpus,
    /// The speaker.
    Speaker,
    /// The speaker's gender.
    Gender,
    /// The language.
    Language,
    /// Another column of the data.
    Column(String),
}

impl Attribute {
    /// The letter of an attribute of the paper, the name of another one.
    pub fn short(&self) -> &str {
        match self {
            Self::Corpus => "C",
            Self::Speaker => "S",
            Self::Gender => "G",
            Self::Language => "L",
            Self::Column(name) => name,
        }
    }
}

impl From<String> for Attribute {
    fn from(name: String) -> Self {
        match name.as_str() {
            "corpus" => Self::Corpus,
            "speaker" => Self::Speaker,
            "gender" => Self::Gender,
            "language" => Self::Language,
            _ => Self::Column(name),
        }
    }
}

impl From<Attribute> for String {
    fn from(attribute: Attribute) -> Self {
        match attribute {
            Attribute::Corpus => "corpus".into(),
            Attribute::Speaker => "speaker".into(),
            Attribute::Gender => "gender".into(),
            Attribute::Language => "language".into(),
            Attribute::Column(name) => name,
        }
    }
}

/// What distinguishes one model of a study from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelIdentity {
    /// Name of its row: its matrix values.
    pub name: String,
    /// Its method, where it is one of the paper's.
    #[serde(default)]
    pub method: Option<Method>,
    /// What its attribute heads predict.
    #[serde(default)]
    pub attributes: BTreeSet<Attribute>,
    /// The seed of its training.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Corpora it was trained on; those of a test that are among them count as in domain.
    #[serde(default)]
    pub training_corpora: BTreeSet<String>,
}

impl ModelIdentity {
    /// Method and attributes such as `GR C+G`; none where the method is unknown.
    pub fn variant(&self) -> Option<String> {
        let method = self.method?;
        let letters: Vec<String> = self
            .attributes
            .iter()
            .map(|attribute| attribute.short().to_owned())
            .collect();
        Some(
            format!("{} {}", method.name(), letters.join("+"))
                .trim_end()
                .to_string(),
        )
    }
}
