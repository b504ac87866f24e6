//! The speaker-disjoint split of each corpus into train, validation and test.
//!
//! Rules, a corpus at a time:
//! - A speaker is in one split, with all utterances.
//! - The split with the largest fraction gets the speakers that the others leave. Every other
//!   split with a fraction above 0 gets at least one speaker.
//! - One speaker: the largest split. Two speakers where three splits are wanted: train and
//!   validation, because training cannot stop early without it and test data may come from
//!   other corpora. No utterance is ever cut loose from its speaker to fill a split.
//! - Where validation and test have one speaker each and both genders exist, they differ in gender. Where a held-out
//!   split has more speakers, it has both genders if the corpus does.
//! - Among those, the hours are as near to the fractions as whole speakers allow. Differences
//!   below half a percent of the corpus's hours count as equal, and the seed chooses.
//!   Up to 12 speakers all splits are tried; above, a search from shuffled orders comes near.
//!
//! Other groups than speakers ([`Groups`]) are kept whole by the same rules; corpora that share groups are split as one. Folds, and splits in which each part is to
//! have its share of every class, are dealt out by least squares instead ([`folds_of`]).

use std::borrow::Borrow;
use std::collections::HashMap;

use crate::corpus::{Split, Utterance};

mod balance;
mod connections;
mod error;
mod folds;
mod gender_name;
mod groups;
mod search;
mod table;
mod utterance_table;

pub use connections::groups_in_words;
pub use error::SplitError;
pub use folds::{
    Dealing, FoldValidation, fold_splits, folds_of, hold_out, left_out_values, stratified,
};
pub use groups::{Groups, RECORDING, SESSION, SPEAKER, group_value, spans_corpora};
pub use table::{SplitRow, SplitTable, SplitTotal};
pub use utterance_table::{PinnedSplit, UtteranceTable};

use groups::Pools;
use search::Person;

/// How to split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitOptions {
    /// Fraction of each corpus's hours for training.
    pub train: f64,
    /// Fraction for early stopping.
    pub validation: f64,
    /// Fraction for evaluation.
    pub test: f64,
    /// Chooses among splits that are equally near to the fractions.
    pub seed: u64,
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self {
            train: 0.8,
            validation: 0.1,
            test: 0.1,
            seed: 0,
        }
    }
}

/// Assigns every speaker of `entries` to a split; the second of each pair is its duration in seconds.
///
/// The result depends on the speakers, their genders and hours, the fractions and the seed; not on the order of
/// `entries`, and a corpus's split not on other corpora. Durations that are not positive numbers count as 0.
///
/// # Errors
/// [`SplitError::Fractions`] unless the fractions are in 0..=1 and add up to 1.
pub fn assign<U: Borrow<Utterance>>(
    entries: &[(U, f64)],
    options: &SplitOptions,
) -> Result<SplitTable, SplitError> {
    let fractions = checked_fractions(options)?;
    let mut table = SplitTable::default();
    let speaker = |index: usize| &*entries[index].0.borrow().speaker;
    let corpus = |index: usize| &*entries[index].0.borrow().corpus;
    for (corpus, people) in search::people(entries, corpus, speaker) {
        let splits = search::assign(&corpus, &people, fractions, options.seed);
        for (person, split) in people.iter().zip(splits) {
            table.rows.insert(person.name.clone(), person.row(split));
        }
    }
    Ok(table)
}

/// As [`assign`], with other groups than speakers kept whole: the split of each entry.
///
/// # Errors
/// As [`assign`].
pub fn assign_groups<U: Borrow<Utterance>>(
    entries: &[(U, f64)],
    groups: &Groups,
    options: &SplitOptions,
) -> Result<Vec<Split>, SplitError> {
    let fractions = checked_fractions(options)?;
    let group = |index: usize| groups.names[groups.of[index]].as_str();
    let mut split_of: HashMap<(String, String), Split> = HashMap::new();
    let corpora: Vec<&str> = entries.iter().map(|(u, _)| &*u.borrow().corpus).collect();
    let pools = Pools::of(groups, &corpora);
    let pool = |index: usize| pools.names[pools.of[index]].as_str();
    for (pool, people) in search::people(entries, pool, group) {
        let splits = search::assign(&pool, &people, fractions, options.seed);
        for (person, split) in people.into_iter().zip(splits) {
            split_of.insert((pool.clone(), person.name), split);
        }
    }
    let key = |index: usize| (pool(index).to_owned(), group(index).to_owned());
    let split = |index| split_of.get(&key(index)).copied().unwrap_or(Split::Train);
    Ok((0..entries.len()).map(split).collect())
}

/// The fractions in the order of [`Split::ALL`].
///
/// # Errors
/// [`SplitError::Fractions`].
fn checked_fractions(options: &SplitOptions) -> Result<[f64; 3], SplitError> {
    let fractions = [options.train, options.validation, options.test];
    let in_range = fractions
        .iter()
        .all(|fraction| (0.0..=1.0).contains(fraction));
    if !in_range || (fractions.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
        let [train, validation, test] = fractions;
        return Err(SplitError::Fractions {
            train,
            validation,
            test,
        });
    }
    Ok(fractions)
}

impl Person {
    fn row(&self, split: Split) -> SplitRow {
        SplitRow {
            split,
            gender: self.gender,
            utterances: self.utterances,
            hours: self.hours,
        }
    }
}

#[cfg(test)]
mod fold_tests;
#[cfg(test)]
mod tests;
