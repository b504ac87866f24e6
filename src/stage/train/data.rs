//! Utterances and their features as the trainer takes them.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::stage::LoadedItem;
use pipe_nn::model::spec::{Attribute, HeadSpec};
use pipe_nn::train::Example;
use pipe_speech::corpus::{ClassSet, Gender, Split, Utterance};
use thiserror::Error;

use crate::items::{UtteranceItem, features};

/// Why utterances cannot be learned from.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum DataError {
    /// They come from sources with different classes.
    #[error("the inputs have different classes: {first}; and {other} ({utterance})")]
    #[diagnostic(
        code(train::classes),
        help(
            "give the ingest stages the same `classes`; with \"native\" they may differ, so name a class map or write a table"
        )
    )]
    Classes {
        /// Those of the first utterance.
        first: String,
        /// Those of another one.
        other: String,
        /// The other one.
        utterance: String,
    },
    /// An utterance has no class.
    #[error("{utterance} has no class")]
    #[diagnostic(
        code(train::no_class),
        help("set `classes` of the ingest stage, or list heads that need none")
    )]
    NoClass {
        /// The utterance.
        utterance: String,
    },
}

/// The classes that the utterances are of.
///
/// # Errors
/// [`DataError::Classes`].
pub fn classes(items: &[&LoadedItem]) -> Result<Vec<String>, DataError> {
    let Some(first) = items.first() else {
        return Ok(Vec::new());
    };
    let set = &first.utterance_facts().classes;
    let text = |set: &ClassSet| set.names().collect::<Vec<_>>().join(", ");
    match items
        .iter()
        .find(|item| item.utterance_facts().classes != *set)
    {
        Some(other) => Err(DataError::Classes {
            first: text(set),
            other: text(&other.utterance_facts().classes),
            utterance: other.utterance().id.clone(),
        }),
        None => Ok(set.names().map(str::to_owned).collect()),
    }
}

/// For each corpus and class, the labels that counted as it; none for the classes of the paper, whose labels are in
/// `corpora.toml`.
pub fn labels_of_classes<'a>(
    items: &[&'a LoadedItem],
) -> Option<BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<&'a str>>>> {
    let set = &items.first()?.utterance_facts().classes;
    if set.is_valence3() || set.is_empty() {
        return None;
    }
    let mut labels: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for item in items {
        let utterance = item.utterance();
        if let Some(class) = &utterance.class {
            let classes = labels.entry(&utterance.corpus).or_default();
            classes.entry(class).or_default().insert(&utterance.label);
        }
    }
    Some(labels)
}

/// The utterances of a split, in their order.
///
/// # Errors
/// Features that cannot be read.
pub fn examples<'a>(items: &[&'a LoadedItem], split: Split) -> miette::Result<Vec<Example<'a>>> {
    let own = items.iter().filter(|item| item.utterance().split == split);
    own.map(|item| {
        let utterance = item.utterance();
        Ok(Example {
            id: &utterance.id,
            corpus: &utterance.corpus,
            class: item.class_number().ok_or_else(|| DataError::NoClass {
                utterance: utterance.id.clone(),
            })?,
            features: features(&item.blob)?,
        })
    })
    .collect()
}

/// The labels of the utterances of a split for each attribute with a head, in the order of [`examples`].
pub fn labels<'a>(
    items: &[&'a LoadedItem],
    split: Split,
    heads: &[HeadSpec],
) -> BTreeMap<Attribute, Vec<Option<&'a str>>> {
    let column = |head: &HeadSpec| {
        let own = items.iter().filter(|item| item.utterance().split == split);
        let labels = own.map(|item| label(head.attribute, item.utterance()));
        (head.attribute, labels.collect())
    };
    heads.iter().map(column).collect()
}

/// An utterance's label; none where it is not documented.
fn label(attribute: Attribute, utterance: &Utterance) -> Option<&str> {
    match attribute {
        Attribute::Corpus => Some(&utterance.corpus),
        Attribute::Gender => utterance.gender.map(Gender::name),
        Attribute::Speaker => Some(&utterance.speaker),
        Attribute::Language => Some(&utterance.language),
    }
}
