//! Utterances and their features as the trainer takes them.

use std::collections::BTreeMap;

use pipe_engine::stage::LoadedItem;
use pipe_nn::model::spec::{Attribute, HeadSpec};
use pipe_nn::train::Example;
use pipe_speech::corpus::{Gender, Split, Utterance};

use crate::emotion_classes;
use crate::items::{UtteranceItem, features};

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
            class: emotion_classes::number(utterance.emotion),
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
