//! What a listing should say of each utterance besides where it is and who speaks.

use std::collections::{BTreeMap, BTreeSet};

use pipe_foundation::Limit;
use serde::Deserialize;

use super::classes::{ClassChoice, ClassMap};
use super::confinement::Confinement;

/// What a listing should say of each utterance.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// The class map.
    pub classes: ClassChoice,
    /// The maps that hold for every corpus, `[classes.<name>]` of `corpora.toml`.
    pub class_maps: BTreeMap<String, ClassMap>,
    /// Which further columns utterances keep.
    pub columns: KeptColumns,
    /// What several rows with different labels for one utterance mean.
    pub votes: VoteRule,
    /// Where the files of the corpus may lie.
    pub confinement: Confinement,
    /// How many utterances a synthetic corpus may have.
    pub made_items: Option<Limit>,
}

/// What several rows with different labels for one utterance mean: each is the vote of an annotator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoteRule {
    /// A mistake: listing fails and names them.
    #[default]
    Error,
    /// The class with most votes counts; where several have as many, the utterance is left out.
    Majority,
    /// As `Majority` for tests, the first of classes with as many votes; training learns the share of each class.
    Soft,
}

/// Which columns utterances keep besides those that every utterance has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptColumns {
    /// Those of these names.
    Named(BTreeSet<String>),
    /// All.
    All,
}

impl Default for KeptColumns {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl KeptColumns {
    /// Whether a column of this name is kept.
    pub fn keeps(&self, name: &str) -> bool {
        match self {
            Self::Named(names) => names.contains(name),
            Self::All => true,
        }
    }
}
