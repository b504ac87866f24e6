//! One utterance and what is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::votes::Votes;

/// A speaker's gender as the corpus documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
}

impl Gender {
    /// The name as written in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }

    /// Reads the usual spellings, without case: `female`, `f`, `w`, `woman`, `weiblich`, `frau`,
    /// `femmina`, `donna`, `k`, `kobieta`; `male`, `m`, `man`, `männlich`, `maennlich`, `mann`,
    /// `maschio`, `uomo`, `mężczyzna`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "female" | "f" | "w" | "woman" | "weiblich" | "frau" | "femmina" | "donna" | "k"
            | "kobieta" => Some(Self::Female),
            "male" | "m" | "man" | "männlich" | "maennlich" | "mann" | "maschio" | "uomo"
            | "mężczyzna" => Some(Self::Male),
            _ => None,
        }
    }
}

/// The part of the data an utterance is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Weights are fitted on it.
    Train,
    /// Early stopping watches it.
    Validation,
    /// Only evaluation sees it.
    Test,
}

impl Split {
    /// All splits, in the order of their fractions.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name as written in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The usual words for splits, without case.
    pub fn of_word(word: &str) -> Option<Self> {
        match word.to_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "dev" | "devel" | "development" | "val" | "valid" | "validation" => {
                Some(Self::Validation)
            }
            "test" | "testing" | "eval" | "evaluation" => Some(Self::Test),
            _ => None,
        }
    }

    /// Reads what [`Split::name`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|split| split.name() == text)
    }
}

/// One utterance: a stretch of speech by one speaker with one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// Unique name, `<corpus>/<path below the corpus root without extension>`; never an absolute path.
    pub id: String,
    /// Name of the corpus in `corpora.toml`.
    pub corpus: Arc<str>,
    /// Speaker, unique across corpora: `<corpus>/<speaker>`.
    pub speaker: Arc<str>,
    /// Gender of the speaker, where it is documented.
    pub gender: Option<Gender>,
    /// Language tag such as `en`.
    pub language: Arc<str>,
    /// Emotion label as the corpus writes it.
    pub label: Arc<str>,
    /// The class that its label counts as; none where the task has no classes.
    pub class: Option<Arc<str>>,
    /// How many annotators voted for each class, where they disagree and training is to know it.
    pub votes: Option<Arc<Votes>>,
    /// Further columns that the listing was asked for, such as `session` or `age`; none where there are none.
    pub columns: Option<Arc<BTreeMap<String, String>>>,
    /// The split it belongs to.
    pub split: Split,
}

impl Utterance {
    /// What every utterance has, by the names that [`Self::attribute`] takes.
    pub const BUILT_IN: [&str; 6] = ["corpus", "speaker", "gender", "language", "label", "class"];

    /// The value of an attribute: one of [`Self::BUILT_IN`], or a column. None where it is not documented.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        match name {
            "corpus" => Some(&self.corpus),
            "speaker" => Some(&self.speaker),
            "gender" => self.gender.map(Gender::name),
            "language" => Some(&self.language),
            "label" => Some(&self.label),
            "class" => self.class.as_deref(),
            column => self.column(column),
        }
    }

    /// The value of a column; none where it is empty.
    pub fn column(&self, name: &str) -> Option<&str> {
        let value = self.columns.as_ref()?.get(name)?;
        (!value.is_empty()).then_some(value)
    }

    /// Takes the columns of these names away.
    pub fn forget_columns(&mut self, names: &BTreeSet<String>) {
        let Some(columns) = &mut self.columns else {
            return;
        };
        if names.iter().any(|name| columns.contains_key(name)) {
            Arc::make_mut(columns).retain(|name, _| !names.contains(name));
        }
        self.columns = self.columns.take().filter(|columns| !columns.is_empty());
    }
}
