//! Cross-validation: which utterances are tested in which fold, and which of the others end training.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::{Entry, Gender, Split};

use super::balance::{self, balance};
use super::connections::groups_in_words;
use super::error::SplitError;
use super::groups::{Groups, Pools};

/// What a fold does for validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FoldValidation {
    /// A fraction of what is not tested, whole groups at a time; 0 for none.
    Fraction(f64),
    /// What the next fold tests, and after the last fold the first: each part is test once and validation once.
    NextFold,
}

/// How groups are dealt out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dealing {
    /// Whether each part has its share of every class.
    pub stratify: bool,
    /// Chooses among equally good ways.
    pub seed: u64,
}

/// The fold, counted from 0, in which each entry is tested: `count` folds of about equal size, a corpus at a time, or the
/// corpora that share groups. `durations_s` are those of the entries, in seconds.
///
/// # Errors
/// [`SplitError::TooFewGroups`] where a corpus has fewer groups than there are folds.
pub fn folds_of(
    entries: &[&Entry],
    durations_s: &[f64],
    groups: &Groups,
    count: usize,
    dealing: Dealing,
) -> Result<Vec<usize>, SplitError> {
    let fractions = vec![1.0 / count as f64; count];
    let mut fold_of = vec![0; entries.len()];
    for (corpus, members) in by_pool(entries, groups) {
        let (numbers, described) = described(entries, durations_s, groups, &members, dealing);
        if described.len() < count {
            let own: Vec<&Entry> = members.iter().map(|&member| entries[member]).collect();
            return Err(SplitError::TooFewGroups {
                corpus,
                groups: groups_in_words(&own, &groups.attributes),
                folds: count,
            });
        }
        let parts = balance(&described, &fractions, &corpus, dealing.seed);
        for (member, number) in members.into_iter().zip(numbers) {
            fold_of[member] = parts[number];
        }
    }
    Ok(fold_of)
}

/// The values of `attribute`, sorted, and the position among them of each entry: the folds of leaving one out. Names of
/// speakers go without their corpus where there is only one.
///
/// # Errors
/// [`SplitError::NothingToLeaveOut`] where there are fewer than two values, [`SplitError::Undocumented`] where an utterance
/// has none.
pub fn left_out_values(
    entries: &[&Entry],
    attribute: &str,
) -> Result<(Vec<String>, Vec<usize>), SplitError> {
    let mut values: Vec<&str> = Vec::with_capacity(entries.len());
    let value = |entry: &&'_ Entry| entry.utterance.attribute(attribute).is_some();
    let lacking = entries.iter().filter(|entry| !value(entry));
    let count = lacking.clone().count();
    if let Some(first) = lacking.clone().next() {
        return Err(SplitError::Undocumented {
            attribute: attribute.to_owned(),
            count,
            of: entries.len(),
            first: first.utterance.id.clone(),
        });
    }
    let corpora: BTreeSet<&str> = entries.iter().map(|e| &*e.utterance.corpus).collect();
    for entry in entries {
        let whole = entry.utterance.attribute(attribute).unwrap_or_default();
        let short = match (attribute, corpora.len()) {
            (super::groups::SPEAKER, 1) => whole
                .strip_prefix(&*entry.utterance.corpus)
                .and_then(|rest| rest.strip_prefix('/')),
            _ => None,
        };
        values.push(short.unwrap_or(whole));
    }
    let names: BTreeSet<&str> = values.iter().copied().collect();
    if names.len() < 2 {
        return Err(SplitError::NothingToLeaveOut {
            attribute: attribute.to_owned(),
            values: names.len(),
        });
    }
    let names: Vec<&str> = names.into_iter().collect();
    let position = |value: &&str| names.binary_search(value).unwrap_or(0);
    let fold_of = values.iter().map(position).collect();
    Ok((names.into_iter().map(str::to_owned).collect(), fold_of))
}

/// The split of each entry in `fold` of `count`, counted from 0.
pub fn fold_splits(
    entries: &[&Entry],
    durations_s: &[f64],
    groups: &Groups,
    fold_of: &[usize],
    (fold, count): (usize, usize),
    validation: FoldValidation,
    dealing: Dealing,
) -> Vec<Split> {
    let mut splits: Vec<Split> = fold_of
        .iter()
        .map(|&own| match validation {
            _ if own == fold => Split::Test,
            FoldValidation::NextFold if own == (fold + 1) % count => Split::Validation,
            _ => Split::Train,
        })
        .collect();
    if let FoldValidation::Fraction(fraction) = validation {
        hold_out(entries, durations_s, groups, &mut splits, fraction, dealing);
    }
    splits
}

/// Moves about `fraction` of each corpus's training part to validation, whole groups at a time. One group always stays.
pub fn hold_out(
    entries: &[&Entry],
    durations_s: &[f64],
    groups: &Groups,
    splits: &mut [Split],
    fraction: f64,
    dealing: Dealing,
) {
    if fraction <= 0.0 {
        return;
    }
    for (corpus, members) in by_pool(entries, groups) {
        let rest = members.into_iter().filter(|&m| splits[m] == Split::Train);
        let rest: Vec<usize> = rest.collect();
        let (numbers, described) = described(entries, durations_s, groups, &rest, dealing);
        if described.len() < 2 {
            continue;
        }
        let salt = format!("{corpus}\0validation");
        let parts = balance(&described, &[1.0 - fraction, fraction], &salt, dealing.seed);
        for (member, number) in rest.into_iter().zip(numbers) {
            if parts[number] == 1 {
                splits[member] = Split::Validation;
            }
        }
    }
}

/// Splits by fractions, stratified: whole groups to train, validation and test, a corpus at a time.
pub fn stratified(
    entries: &[&Entry],
    durations_s: &[f64],
    groups: &Groups,
    fractions: [f64; 3],
    dealing: Dealing,
) -> Vec<Split> {
    let mut splits = vec![Split::Train; entries.len()];
    for (corpus, members) in by_pool(entries, groups) {
        let (numbers, described) = described(entries, durations_s, groups, &members, dealing);
        let parts = balance(&described, &fractions, &corpus, dealing.seed);
        for (member, number) in members.into_iter().zip(numbers) {
            splits[member] = Split::ALL[parts[number]];
        }
    }
    splits
}

/// The entries of each corpus, or of corpora that share groups, by the name.
fn by_pool(entries: &[&Entry], groups: &Groups) -> BTreeMap<String, Vec<usize>> {
    let corpora: Vec<&str> = entries.iter().map(|e| &*e.utterance.corpus).collect();
    let pools = Pools::of(groups, &corpora);
    let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, &pool) in pools.of.iter().enumerate() {
        let own = members.entry(pools.names[pool].clone());
        own.or_default().push(index);
    }
    members
}

/// The groups of some entries: the number of each entry's group, and what there is of each.
fn described(
    entries: &[&Entry],
    durations_s: &[f64],
    groups: &Groups,
    members: &[usize],
    dealing: Dealing,
) -> (Vec<usize>, Vec<balance::Group>) {
    // Of each corpus, where there are several.
    let class_of = |member: usize| {
        let utterance = &entries[member].utterance;
        Some((&*utterance.corpus, utterance.class.as_deref()?))
    };
    let classes: BTreeSet<(&str, &str)> = members.iter().filter_map(|&m| class_of(m)).collect();
    let classes: Vec<(&str, &str)> = classes.into_iter().collect();
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    let mut described: Vec<balance::Group> = Vec::new();
    let mut number_of = Vec::with_capacity(members.len());
    for &member in members {
        let next = numbers.len();
        let number = *numbers.entry(groups.of[member]).or_insert(next);
        number_of.push(number);
        if described.len() == number {
            described.push(balance::Group {
                name: groups.names[groups.of[member]].clone(),
                classes: vec![0.0; if dealing.stratify { classes.len() } else { 0 }],
                ..balance::Group::default()
            });
        }
        let group = &mut described[number];
        let utterance = &entries[member].utterance;
        let hours = durations_s[member];
        // Lengths that are not known count as nothing.
        let hours = if hours.is_finite() {
            hours.max(0.0) / 3600.0
        } else {
            0.0
        };
        group.hours += hours;
        match utterance.gender {
            Some(Gender::Female) => group.genders[0] += hours,
            Some(Gender::Male) => group.genders[1] += hours,
            None => {}
        }
        let class = class_of(member);
        let class = class.and_then(|class| classes.binary_search(&class).ok());
        if let Some(count) = class.and_then(|class| group.classes.get_mut(class)) {
            *count += 1.0;
        }
    }
    (number_of, described)
}
