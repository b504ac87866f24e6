//! Utterances and their features as the trainer takes them.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::stage::LoadedItem;
use pipe_foundation::Features;
use pipe_nn::model::spec::{Attribute, HeadSpec};
use pipe_nn::train::{Example, TargetColumn, TrainOptions};
use pipe_speech::corpus::{ClassSet, Split};
use thiserror::Error;

use crate::items::{UtteranceItem, features, numeric_cell};

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
    /// A cell of a numeric target is no number.
    #[error("{target} of {utterance} is `{cell}`, which is not a number")]
    #[diagnostic(
        code(train::number),
        help("leave the cell empty, or write NaN, where the number is not known")
    )]
    Number {
        /// The target.
        target: String,
        /// The utterance.
        utterance: String,
        /// What was found.
        cell: String,
    },
}

/// Those of the utterances that come from a source with classes; others have none, and are there to be adapted to.
fn with_classes<'a>(items: &'a [&'a LoadedItem]) -> impl Iterator<Item = &'a LoadedItem> {
    let has_some = |item: &&LoadedItem| !item.utterance_facts().classes.is_empty();
    items.iter().copied().filter(has_some)
}

/// The classes that the utterances are of.
///
/// # Errors
/// [`DataError::Classes`].
pub fn classes(items: &[&LoadedItem]) -> Result<Vec<String>, DataError> {
    let Some(first) = with_classes(items).next() else {
        return Ok(Vec::new());
    };
    let set = &first.utterance_facts().classes;
    let text = |set: &ClassSet| set.names().collect::<Vec<_>>().join(", ");
    match with_classes(items).find(|item| item.utterance_facts().classes != *set) {
        Some(other) => Err(DataError::Classes {
            first: text(set),
            other: text(&other.utterance_facts().classes),
            utterance: other.utterance().id.clone(),
        }),
        None => Ok(set.names().map(str::to_owned).collect()),
    }
}

/// The utterances that something learns from: those with a class, where there are neither numbers nor attributes to learn.
pub fn of_use<'a>(items: &[&'a LoadedItem], options: &TrainOptions) -> Vec<&'a LoadedItem> {
    let only_classes = options.heads.is_empty() && options.targets().is_empty();
    let is_of_use = |item: &&LoadedItem| !only_classes || item.class_number().is_some();
    items.iter().copied().filter(is_of_use).collect()
}

/// For each corpus and class, the labels that counted as it; none for the classes of the paper, whose labels are in
/// `corpora.toml`.
pub fn labels_of_classes<'a>(
    items: &[&'a LoadedItem],
) -> Option<BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<&'a str>>>> {
    let first = items
        .iter()
        .copied()
        .find(|item| !item.utterance_facts().classes.is_empty());
    if first?.utterance_facts().classes.is_valence3() {
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

/// The utterances of a split, in their order; `normalised` has the features of each item where the network does not take them
/// as they are.
///
/// # Errors
/// Features that cannot be read.
pub fn examples<'a>(
    items: &[&'a LoadedItem],
    split: Split,
    normalised: &'a [Option<Features>],
) -> miette::Result<Vec<Example<'a>>> {
    let own = items.iter().zip(normalised);
    let own = own.filter(|(item, _)| item.utterance().split == split);
    own.map(|(item, normalised)| {
        let utterance = item.utterance();
        Ok(Example {
            id: &utterance.id,
            corpus: &utterance.corpus,
            class: item.class_number(),
            features: match normalised {
                Some(made) => made.view(),
                None => features(&item.blob)?,
            },
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
        let name = head.attribute.name();
        let labels = own.map(|item| item.utterance().attribute(name));
        (head.attribute.clone(), labels.collect())
    };
    heads.iter().map(column).collect()
}

/// For each training utterance the share of each class, in the order of [`examples`]; none where no annotators disagree.
pub fn shares(items: &[&LoadedItem]) -> Option<Vec<Vec<f32>>> {
    let train = items
        .iter()
        .filter(|item| item.utterance().split == Split::Train);
    if !train.clone().any(|item| item.utterance().votes.is_some()) {
        return None;
    }
    let of_item = |item: &&LoadedItem| {
        let facts = item.utterance_facts();
        let mut shares = vec![0.0; facts.classes.len()];
        match &facts.utterance.votes {
            Some(votes) => {
                let all: u32 = votes.values().sum();
                for (class, count) in votes.iter() {
                    if let Some(place) = facts.classes.position(class) {
                        shares[place] = *count as f32 / all.max(1) as f32;
                    }
                }
            }
            None => match item.class_number() {
                Some(place) => shares[place] = 1.0,
                // No shares at all: they are not known.
                None => shares.clear(),
            },
        }
        shares
    };
    Some(train.map(of_item).collect())
}

/// The numbers of the utterances for each target, in the order of [`examples`]; none where a cell is empty.
///
/// # Errors
/// [`DataError::Number`].
pub fn targets(items: &[&LoadedItem], names: &[String]) -> Result<Vec<TargetColumn>, DataError> {
    let column = |name: &String| {
        let of_split = |split: Split| {
            let own = items.iter().filter(|item| item.utterance().split == split);
            own.map(|item| number(item, name)).collect::<Result<_, _>>()
        };
        Ok(TargetColumn {
            name: name.clone(),
            train: of_split(Split::Train)?,
            validation: of_split(Split::Validation)?,
        })
    };
    names.iter().map(column).collect()
}

/// The number of an item in a column; none where the cell is empty.
///
/// # Errors
/// [`DataError::Number`].
pub fn number(item: &LoadedItem, column: &str) -> Result<Option<f64>, DataError> {
    let utterance = item.utterance();
    let Some(cell) = utterance.column(column) else {
        return Ok(None);
    };
    numeric_cell(cell).map_err(|cell| DataError::Number {
        target: column.to_owned(),
        utterance: utterance.id.clone(),
        cell: cell.to_owned(),
    })
}
