//! What trainings and evaluations foresee by what is listed: splits without utterances, shared speakers, and heads that have
//! nothing to learn.

mod classes;
mod free_text;
mod learned;
mod listed;
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::manifest::Diagnostic;
use pipe_engine::stage::{Foresight, ListedInput};
use pipe_speech::corpus::Split;

use crate::items::CompositionRow;
use crate::stage::leak_policy::LeakPolicy;

pub use learned::{Head, heads};
use listed::{Listed, listed};

fn rows<'a>(known: &'a [Listed<'_>]) -> impl Iterator<Item = &'a CompositionRow> {
    known
        .iter()
        .flat_map(|listed| &listed.details.composition.rows)
}

fn utterances(known: &[Listed<'_>], splits: &[Split]) -> usize {
    let own = rows(known).filter(|row| splits.contains(&row.split));
    own.map(CompositionRow::utterances).sum()
}

/// What to do where a split that is needed is empty.
const EMPTY: &str = "change the data or the split; --keep-going computes what needs neither";

/// The corpora with the numbers of their speakers in each split: `ours has 2 speakers (train 1, validation 1)`.
fn speakers(known: &[Listed<'_>]) -> String {
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

/// What is foreseen of an evaluation on `splits` of models with these heads.
pub fn of_evaluation(
    inputs: &[ListedInput<'_>],
    splits: &[Split],
    heads: &[Head],
    policy: &LeakPolicy,
) -> Foresight {
    let mut foresight = Foresight::default();
    let Some(tested) = listed(inputs, "input", 0) else {
        return foresight;
    };
    if utterances(&tested, splits) == 0 {
        let names: Vec<&str> = splits.iter().map(|split| split.name()).collect();
        let message = format!(
            "there is nothing to test on: no utterance is in {} ({})",
            names.join(" or "),
            speakers(&tested)
        );
        foresight.refusal = Some(
            Diagnostic::new("evaluate::empty", message)
                .about("splits", "expected a split with utterances")
                .help(EMPTY),
        );
        return foresight;
    }
    let Some(trained) = listed(inputs, "model", 1) else {
        return foresight;
    };
    // Testing on what was trained on is asked for by name, and then no leak.
    if splits == [Split::Test] {
        let leaks = shared::of_evaluation(&trained, &tested);
        let is_one = |own: &Listed<'_>| {
            let mut trained = trained.iter();
            trained.all(|other| std::ptr::eq(other.listing, own.listing))
        };
        // What is shared within one listing, its ingest stage tells.
        shared::judge(&leaks, policy, tested.iter().all(is_one), &mut foresight);
    }
    learned::judge_test(heads, &trained, (&tested, splits), &mut foresight);
    foresight
}

/// What is foreseen of a training with these heads.
pub fn of_training(inputs: &[ListedInput<'_>], heads: &[Head], policy: &LeakPolicy) -> Foresight {
    let mut foresight = Foresight::default();
    let Some(known) = listed(inputs, "input", 0) else {
        return foresight;
    };
    let needed = [Split::Train, Split::Validation];
    let empty = needed
        .iter()
        .filter(|split| utterances(&known, &[**split]) == 0);
    let empty: Vec<&str> = empty.map(|split| split.name()).collect();
    if !empty.is_empty() {
        let message = format!(
            "there is nothing for {}: no utterance is in {} ({})",
            if empty == ["validation"] {
                "early stopping"
            } else {
                "training"
            },
            empty.join(" or in "),
            speakers(&known)
        );
        foresight.refusal = Some(
            Diagnostic::new("train::empty", message)
                .about("input", "expected utterances in train and in validation")
                .help(EMPTY),
        );
        return foresight;
    }
    let leaks = shared::of_training(&known);
    shared::judge(&leaks, policy, known.len() == 1, &mut foresight);
    learned::judge(heads, &known, &mut foresight);
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
fn classes<'a>(known: &'a [Listed<'_>], split: Split) -> Vec<&'a str> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for listed in known {
        let composition = &listed.details.composition;
        for row in composition.rows.iter().filter(|row| row.split == split) {
            let counted = composition.classes.iter().zip(&row.classes);
            let there = counted.filter(|(_, count)| **count > 0);
            names.extend(there.map(|(name, _)| name.as_str()));
        }
    }
    names.into_iter().collect()
}
