//! What is foreseen of the classes of a training and of a test.

use std::collections::BTreeMap;

use pipe_engine::artifact::Item;
use pipe_engine::manifest::Diagnostic;
use pipe_engine::stage::Foresight;
use pipe_speech::corpus::{ClassSet, Split};

use crate::items::UtteranceItem;

use super::free_text::is_like_text;
use super::listed::{Listed, items, of_train};

/// Utterances of a class that the training has not.
pub fn unknown_class<'a>(
    trained: &[Listed<'_>],
    scored: impl Iterator<Item = &'a Item>,
) -> Option<Diagnostic> {
    let classes = class_sets(trained).next()?;
    let class = |item: &'a Item| item.utterance().class.as_deref();
    let mut unknown = scored.filter_map(|item| {
        let class = class(item).filter(|class| classes.position(class).is_none())?;
        Some((class, item.utterance().id.as_str()))
    });
    let (class, first) = unknown.next()?;
    let message = match unknown.count() {
        0 => format!("the model has no class `{class}`, the class of {first}"),
        more => format!(
            "the model has no class `{class}`, the class of {first}, and no class for {more} more"
        ),
    };
    Some(Diagnostic::new("evaluate::no_class", message).help(
        "test it on utterances of the classes that it was trained on: give both ingest stages the same `classes`",
    ))
}

/// Utterances to be tested on that have no class.
pub fn no_class<'a>(scored: impl Iterator<Item = &'a Item>) -> Option<Diagnostic> {
    let mut without = scored.filter(|item| item.utterance().class.is_none());
    let first = &without.next()?.utterance().id;
    let message = match without.count() {
        0 => format!("{first} has no class, and the model is to be tested on it"),
        more => {
            format!("{first} and {more} more have no class, and the model is to be tested on them")
        }
    };
    Some(Diagnostic::new("evaluate::no_class", message).help(
        "give the ingest stage with `classes = \"none\"` the split \"train\", or test on the features of another one",
    ))
}

/// The classes of the ingest stages that have some; others list utterances to be adapted to.
fn class_sets<'a>(listed: &'a [Listed<'_>]) -> impl Iterator<Item = &'a ClassSet> {
    let sets = listed.iter().filter_map(|listed| {
        let first = listed.listing.items.first()?;
        Some(&*first.utterance_facts().classes)
    });
    sets.filter(|set| !set.is_empty())
}

/// Ingest stages of one training with different classes.
fn different_classes(listed: &[Listed<'_>]) -> Option<Diagnostic> {
    let mut sets = class_sets(listed);
    let first = sets.next()?;
    let other = sets.find(|other| *other != first)?;
    let text = |set: &ClassSet| set.names().collect::<Vec<_>>().join(", ");
    let message = format!(
        "the inputs have different classes: {}; and {}",
        text(first),
        text(other)
    );
    Some(Diagnostic::new("train::classes", message).help(
        "give the ingest stages the same `classes`; with \"native\" they may differ, so name a class map or write a table",
    ))
}

/// What is wrong with the classes; `has_others` says whether the training has other heads, which may learn from utterances
/// without a class.
pub fn of_classes(
    listed: &[Listed<'_>],
    has_others: bool,
    foresight: &mut Foresight,
) -> Option<Diagnostic> {
    if let Some(different) = different_classes(listed) {
        return Some(different);
    }
    let without = of_train(listed).filter(|utterance| utterance.class.is_none());
    let without = without.count();
    if of_train(listed).count() == without {
        let message = "no utterance of training has a class";
        return Some(Diagnostic::new("train::no_classes", message).help(
            "give an ingest stage with classes utterances in train: check `split` and `unlabelled`",
        ));
    }
    if without > 0 && !has_others {
        foresight.warnings.push(format!(
            "{without} utterances of training have no class, and no head learns from them: they are left out; a head such as {{ attribute = \"corpus\", mode = \"coral\" }} adapts to them"
        ));
    }
    let is_scored = |item: &Item| {
        let utterance = item.utterance();
        utterance.split == Split::Validation && utterance.class.is_some()
    };
    if !items(listed).any(is_scored) {
        let message = "no utterance of validation has a class";
        return Some(Diagnostic::new("train::no_classes", message).help(
            "give the ingest stage with classes utterances in validation: check its `split`",
        ));
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for listed in listed {
        let composition = &listed.details.composition;
        let train = composition
            .rows
            .iter()
            .filter(|row| row.split == Split::Train);
        for row in train {
            for (class, &count) in composition.classes.iter().zip(&row.classes) {
                if count > 0 {
                    *counts.entry(class).or_default() += count;
                }
            }
        }
    }
    if let (Some((only, _)), 1) = (counts.first_key_value(), counts.len()) {
        return Some(
            Diagnostic::new(
                "train::classes",
                format!("training has one class alone, {only}: there is nothing to tell it from"),
            )
            .help("give training utterances of two classes or more: check `classes` and `split` of the ingest stage"),
        );
    }
    let once = counts.values().filter(|count| **count == 1).count();
    if is_like_text(counts.len(), once) {
        foresight.warnings.push(format!(
            "training has {} classes, {once} of them with one utterance: are the labels free text? A class needs several utterances to be learned; name a class map in `classes` of the ingest stage, or another column for the labels",
            counts.len()
        ));
    }
    None
}
