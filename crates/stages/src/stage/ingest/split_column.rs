//! The splits that a column of the corpora says; utterances for which it says none are left out.

use std::collections::{BTreeMap, BTreeSet};

use pipe_foundation::Digest;
use pipe_report::PartitionFacts;
use pipe_speech::corpus::split::{Dealing, Groups, RECORDING, SPEAKER, group_value, hold_out};
use pipe_speech::corpus::{DropCause, Dropped, Entry, Split};

use crate::items::ListingDetails;

use super::error::IngestError;
use super::listed::{Listed, lengths};
use super::split_parameters::SplitColumn;

/// Values are named up to this many.
const FEW: usize = 4;

/// The splits of `entries`, of which those without one are removed.
///
/// # Errors
/// [`IngestError::NoSplits`] where all would be removed.
pub fn splits(
    choice: &SplitColumn,
    entries: &mut Vec<Listed>,
    warnings: &mut Vec<String>,
    details: &mut ListingDetails,
) -> Result<Vec<Split>, IngestError> {
    let column = &choice.column;
    let all = entries.len();
    let mut splits = Vec::with_capacity(all);
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let mut left_out = Vec::new();
    entries.retain(|(entry, ..)| {
        let utterance = &entry.utterance;
        let value = utterance.attribute(column).map_or("", str::trim);
        if let Some(split) = Split::of_word(value) {
            splits.push(split);
            return true;
        }
        *others.entry(value.to_owned()).or_default() += 1;
        left_out.push(Dropped {
            what: utterance.id.clone(),
            reason: match value {
                "" => format!("its column `{column}`, which says the splits, is empty"),
                value => format!("its column `{column}` says `{value}`, which is not a split"),
            },
            cause: DropCause::Choice,
        });
        false
    });
    if !left_out.is_empty() {
        let values = in_words(&others);
        if splits.is_empty() {
            let column = column.clone();
            return Err(IngestError::NoSplits { column, values });
        }
        warnings.push(format!(
            "{} of {all} utterances {} left out, since the column `{column}` says no split for {}: {values}",
            left_out.len(),
            if left_out.len() == 1 { "is" } else { "are" },
            if left_out.len() == 1 { "it" } else { "them" },
        ));
    }
    details.dropped.append(&mut left_out);
    let known: Vec<&Entry> = entries.iter().map(|(entry, ..)| entry).collect();
    let says: String = (known.iter().zip(&splits))
        .map(|(entry, split)| format!("{}\t{}\n", entry.utterance.id, split.name()))
        .collect();
    let recordings = known
        .iter()
        .filter_map(|entry| group_value(entry, RECORDING));
    let recordings: BTreeSet<_> = recordings.collect();
    details.partition = Some(PartitionFacts {
        name: format!("column {column}"),
        digest: Digest::of(says.as_bytes()).hex(),
        files: recordings.len() as u64,
        unmatched: 0,
    });
    if !splits.contains(&Split::Validation) {
        let lengths = lengths(entries);
        let speakers = Groups::by(&known, &[SPEAKER.to_owned()]);
        let dealing = Dealing {
            stratify: true,
            seed: choice.seed,
        };
        let fraction = choice.validation;
        hold_out(&known, &lengths, &speakers, &mut splits, fraction, dealing);
    }
    Ok(splits)
}

/// Values that are no splits with how many utterances have them, the most frequent first: ``5 say `holdout`, 2 are empty``.
fn in_words(values: &BTreeMap<String, usize>) -> String {
    let mut values: Vec<(&str, usize)> = values.iter().map(|(v, n)| (v.as_str(), *n)).collect();
    values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let told = values
        .iter()
        .take(FEW)
        .map(|&(value, count)| match (value, count) {
            ("", 1) => "1 is empty".to_owned(),
            ("", _) => format!("{count} are empty"),
            (_, 1) => format!("1 says `{value}`"),
            _ => format!("{count} say `{value}`"),
        });
    let mut told: Vec<String> = told.collect();
    if let Some(more) = values.len().checked_sub(FEW).filter(|more| *more > 0) {
        told.push(format!("and {more} other values"));
    }
    told.join(", ")
}
