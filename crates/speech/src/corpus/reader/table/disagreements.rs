//! Warnings on several rows of one utterance: those that disagree on who speaks or in a column that is kept, and votes
//! that are tied.

use crate::corpus::draft::Draft;
use crate::corpus::{Gender, VoteRule};

use super::kept_cells::KeptCells;
use super::recording::Fields;
use super::rows::Row;

/// The rows of one utterance, by its id: their lines and what they say.
pub(super) type RowsOfOne<'r> = (&'r str, Vec<(u64, &'r Row)>);

/// Names are given up to this many.
const FEW: usize = 4;

/// Warns of utterances whose rows differ in a field of which one value counts: that of the first row.
pub(super) fn warn(draft: &mut Draft<'_>, table: &str, fields: &Fields, repeated: &[RowsOfOne]) {
    for field in ["speaker", "gender", "language"] {
        let differing = repeated.iter().filter_map(|(id, rows)| {
            let values: Vec<(u64, &str)> = rows
                .iter()
                .filter_map(|(line, row)| Some((*line, fields.value(row, field)?)))
                .collect();
            let (_, first) = values.first()?;
            let other = values
                .iter()
                .find(|(_, value)| !is_same(field, first, value))?;
            Some(two_values(id, table, [values[0], *other]))
        });
        let differing: Vec<String> = differing.collect();
        warn_of(draft, field, FIRST_ROW, &differing);
    }
}

/// Warns of utterances whose rows differ in a column that is kept and that is no column of numbers, of which the first
/// value counts, or the most frequent one where rows are votes.
pub(super) fn warn_of_columns(
    draft: &mut Draft<'_>,
    table: &str,
    kept: &[String],
    repeated: &[RowsOfOne],
) {
    let are_votes = draft.votes() != VoteRule::Error;
    for (column, name) in kept.iter().enumerate() {
        let (mut differing, mut tied) = (Vec::new(), Vec::new());
        for (id, rows) in repeated {
            let cells = KeptCells::of(column, rows);
            let Some(values) = cells.differing_texts() else {
                continue;
            };
            let is_tied = are_votes && cells.most_frequent().is_some_and(|(_, tied)| tied);
            let told = two_values(id, table, values);
            match is_tied {
                true => tied.push(told),
                false => differing.push(told),
            }
        }
        let counts = match are_votes {
            true => "the most frequent value counts",
            false => FIRST_ROW,
        };
        warn_of(draft, name, counts, &differing);
        let counts =
            "of the values that are equally frequent in them, the first in the table counts";
        warn_of(draft, name, counts, &tied);
    }
}

/// Warns of utterances that several files would be, each with two of these and their lines: names of utterances have no
/// extension.
pub(super) fn warn_of_files(
    draft: &mut Draft<'_>,
    table: &str,
    files: &[(&str, [(u64, &str); 2])],
) {
    let told: Vec<String> = files
        .iter()
        .map(|(id, files)| two_values(id, table, *files))
        .collect();
    if told.is_empty() {
        return;
    }
    draft.warn(format!(
        "files that differ in their extensions alone are one utterance, and the first is read: {}",
        listed(&told)
    ));
}

const FIRST_ROW: &str = "the first row counts";

/// Warns of the utterances `differing`, whose rows differ in `field`, with what counts.
fn warn_of(draft: &mut Draft<'_>, field: &str, counts: &str, differing: &[String]) {
    if differing.is_empty() {
        return;
    }
    draft.warn(format!(
        "{} in {field}, and {counts}: {}",
        match differing.len() {
            1 => "the rows of 1 utterance differ".to_owned(),
            many => format!("the rows of {many} utterances differ"),
        },
        listed(differing)
    ));
}

/// An utterance, and two values of its rows with their lines.
fn two_values(id: &str, table: &str, values: [(u64, &str); 2]) -> String {
    let told = values.map(|(line, value)| format!("{value} in {table}:{line}"));
    format!("{id} ({})", told.join(", "))
}

/// Warns of utterances that are left out because votes on them are tied.
pub(super) fn warn_of_ties(draft: &mut Draft<'_>, tied: &[String]) {
    if tied.is_empty() {
        return;
    }
    draft.warn(format!(
        "{} tied, and left out: {}; votes = \"soft\" would learn the share of each class",
        match tied.len() {
            1 => "the votes on 1 utterance are".to_owned(),
            many => format!("the votes on {many} utterances are"),
        },
        listed(tied)
    ));
}

/// Whether two cells say the same.
fn is_same(field: &str, one: &str, other: &str) -> bool {
    let genders = || Some((Gender::parse(one)?, Gender::parse(other)?));
    match field {
        "gender" => genders().is_none_or(|(one, other)| one == other),
        _ => one == other,
    }
}

fn listed(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(FEW)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    match names.len().saturating_sub(FEW) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}
