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

use std::borrow::Borrow;

use crate::corpus::{Gender, Split, Utterance};

mod search;
mod table;

pub use table::{SplitRow, SplitTable, SplitTotal};

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

/// Why data cannot be split.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SplitError {
    /// The fractions do not make a whole.
    #[error("split fractions {train} / {validation} / {test} do not add up to 1")]
    #[diagnostic(
        code(corpus::split::fractions),
        help("give train, validation and test fractions from 0 to 1 that add up to 1")
    )]
    Fractions {
        /// Fraction of train.
        train: f64,
        /// Fraction of validation.
        validation: f64,
        /// Fraction of test.
        test: f64,
    },
    /// A line of a split file is not understood.
    #[error("line {line} of the split table: {reason}")]
    #[diagnostic(
        code(corpus::split::line),
        help("the columns are speaker, split, gender, utterances and hours, separated by tabs")
    )]
    Line {
        /// Line number, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The data have speakers that the table does not assign.
    #[error("the split table does not assign {}", names(speakers))]
    #[diagnostic(
        code(corpus::split::unassigned),
        help("add a line for each to the pinned table, or make a new split")
    )]
    Unassigned {
        /// The speakers, sorted.
        speakers: Vec<String>,
    },
    /// The table assigns speakers that the data do not have.
    #[error(
        "the split table assigns speakers that do not exist: {}",
        names(speakers)
    )]
    #[diagnostic(
        code(corpus::split::unknown_speaker),
        help(
            "check that all corpora of the table are present and complete, or remove these lines"
        )
    )]
    UnknownSpeaker {
        /// The speakers, sorted.
        speakers: Vec<String>,
    },
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
    let mut table = SplitTable::default();
    for (corpus, people) in search::people(entries) {
        let splits = search::assign(&corpus, &people, fractions, options.seed);
        for (person, split) in people.iter().zip(splits) {
            table.rows.insert(person.speaker.clone(), person.row(split));
        }
    }
    Ok(table)
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

/// At most ten names, and how many more there are.
fn names(speakers: &[String]) -> String {
    let shown = speakers
        .iter()
        .take(10)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match speakers.len() {
        0..=10 => shown,
        many => format!("{shown} and {} more", many - 10),
    }
}

fn gender_name(gender: Option<Gender>) -> &'static str {
    gender.map_or("-", Gender::name)
}

#[cfg(test)]
mod tests;
