//! What trainings and evaluations foresee by what is listed: splits without utterances, and validation of one class.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::stage::{Foresight, ListedInput, stands_under};
use pipe_speech::corpus::Split;

use crate::items::{Composition, CompositionRow, details};

/// Utterances of all inputs of `parameter` by corpus, split and class; none where something else than an ingest stage is
/// behind one of them, or nothing is.
fn listed(inputs: &[ListedInput<'_>], parameter: &str) -> Option<Vec<Composition>> {
    let own = inputs
        .iter()
        .filter(|input| stands_under(input.parameter, parameter));
    let listings = own.flat_map(|input| &input.listings);
    let known = listings.map(|listing| Some(details(listing)?.composition.clone()));
    let known: Vec<Composition> = known.collect::<Option<_>>()?;
    (!known.is_empty()).then_some(known)
}

fn rows(known: &[Composition]) -> impl Iterator<Item = &CompositionRow> {
    known.iter().flat_map(|composition| &composition.rows)
}

fn utterances(known: &[Composition], splits: &[Split]) -> usize {
    let own = rows(known).filter(|row| splits.contains(&row.split));
    own.map(CompositionRow::utterances).sum()
}

/// The corpora with the numbers of their speakers in each split: `ours has 2 speakers (train 1, validation 1)`.
fn speakers(known: &[Composition]) -> String {
    let mut corpora: BTreeMap<&str, Vec<(Split, usize)>> = BTreeMap::new();
    for row in rows(known) {
        let own = corpora.entry(&row.corpus).or_default();
        own.push((row.split, row.speakers));
    }
    let told = corpora.into_iter().map(|(corpus, splits)| {
        let parts: Vec<String> = splits
            .iter()
            .map(|(split, speakers)| format!("{speakers} in {}", split.name()))
            .collect();
        format!("{corpus} has speakers: {}", parts.join(", "))
    });
    let told: Vec<String> = told.collect();
    match told.is_empty() {
        true => "no corpus has any".into(),
        false => told.join("; "),
    }
}

/// What is foreseen of an evaluation on `splits`.
pub fn of_evaluation(inputs: &[ListedInput<'_>], splits: &[Split]) -> Foresight {
    let mut foresight = Foresight::default();
    if let Some(known) = listed(inputs, "input")
        && utterances(&known, splits) == 0
    {
        let names: Vec<&str> = splits.iter().map(|split| split.name()).collect();
        foresight.refusal = Some(format!(
            "there is nothing to test on: no utterance is in {} ({})",
            names.join(" or "),
            speakers(&known)
        ));
    }
    foresight
}

/// What is foreseen of a training.
pub fn of_training(inputs: &[ListedInput<'_>]) -> Foresight {
    let mut foresight = Foresight::default();
    let Some(known) = listed(inputs, "input") else {
        return foresight;
    };
    let needed = [Split::Train, Split::Validation];
    let empty = needed
        .iter()
        .filter(|split| utterances(&known, &[**split]) == 0);
    let empty: Vec<&str> = empty.map(|split| split.name()).collect();
    if !empty.is_empty() {
        foresight.refusal = Some(format!(
            "there is nothing for {}: no utterance is in {} ({})",
            if empty == ["validation"] {
                "early stopping"
            } else {
                "training"
            },
            empty.join(" or in "),
            speakers(&known)
        ));
        return foresight;
    }
    let (train, validation) = (
        classes(&known, Split::Train),
        classes(&known, Split::Validation),
    );
    if let (true, [only]) = (train.len() > 1, &validation[..]) {
        foresight.warnings.push(format!(
            "validation has one class alone, {only}: its score cannot tell a model that has learned from one that always says {only}, so the best epoch is chosen by chance; give validation utterances of every class"
        ));
    }
    foresight
}

/// Names of the classes that a split has utterances of.
fn classes(known: &[Composition], split: Split) -> Vec<&str> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for composition in known {
        for row in composition.rows.iter().filter(|row| row.split == split) {
            let counted = composition.classes.iter().zip(&row.classes);
            let there = counted.filter(|(_, count)| **count > 0);
            names.extend(there.map(|(name, _)| name.as_str()));
        }
    }
    names.into_iter().collect()
}
