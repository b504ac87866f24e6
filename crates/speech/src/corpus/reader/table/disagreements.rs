//! Warnings on several rows of one utterance: those that disagree on who speaks, and votes that are tied.

use crate::corpus::Gender;
use crate::corpus::draft::Draft;

use super::recording::Fields;
use super::rows::Row;

/// The rows of one utterance, by its id: their lines and what they say.
pub(super) type RowsOfOne<'r> = (&'r str, Vec<(u64, &'r Row)>);

/// Names are told up to this many.
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
            let told =
                [values[0], *other].map(|(line, value)| format!("{value} in {table}:{line}"));
            Some(format!("{id} ({})", told.join(", ")))
        });
        let differing: Vec<String> = differing.collect();
        if !differing.is_empty() {
            draft.warn(format!(
                "{} in {field}, and the first row counts: {}",
                match differing.len() {
                    1 => "the rows of 1 utterance differ".to_owned(),
                    many => format!("the rows of {many} utterances differ"),
                },
                listed(&differing)
            ));
        }
    }
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
