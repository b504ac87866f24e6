//! Rows that name an utterance again: copies, contradictions, or votes of several annotators.

use std::collections::HashMap;

use crate::corpus::VoteRule;
use crate::corpus::draft::Draft;
use crate::corpus::labels::{Mapped, normalise};
use crate::corpus::votes::{self, Ballot, Verdict, Votes};

use super::disagreements::{self, RowsOfOne};
use super::kept_cells::KeptCells;
use super::recording::{Fields, Read};
use super::rows::Row;

/// What a row is among those of its utterance.
#[derive(Clone, Debug, Default)]
pub(super) enum Role {
    /// The only one.
    #[default]
    Single,
    /// The first of several, which stands for all of them.
    First(Combined),
    /// A later one, which says the same.
    Later,
    /// A later one, whose vote counts with the first.
    Counted,
    /// The first of votes that no label has most of: `1 anger, 1 fear`.
    Tied(String),
}

/// What several rows say together, where that is not what the first of them says.
#[derive(Clone, Debug, Default)]
pub(super) struct Combined {
    /// The label.
    pub label: Option<String>,
    /// How many annotators voted for each class.
    pub votes: Option<Votes>,
    /// Values of columns: which column, and the mean of its numbers or the most frequent of its values.
    pub columns: Vec<(usize, String)>,
}

/// The role of each row. Contradictions are noted in the draft, where rows that disagree are no votes.
pub(super) fn roles(
    draft: &mut Draft<'_>,
    table: &str,
    fields: &Fields,
    kept: &[String],
    read: &[(u64, Result<Read, String>)],
) -> Vec<Role> {
    let mut roles = vec![Role::Single; read.len()];
    let ids = || read.iter().map(|(_, read)| id_of(read));
    // Most tables are sorted, and need no map.
    if ids().flatten().is_sorted_by(|one, next| one < next) {
        return roles;
    }
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, id) in ids().enumerate() {
        if let Some(id) = id {
            groups.entry(id).or_default().push(index);
        }
    }
    let mut groups: Vec<(&str, Vec<usize>)> = groups.into_iter().collect();
    groups.retain(|(_, rows)| rows.len() > 1);
    groups.sort_by_key(|(_, rows)| rows[0]);
    let repeated = groups.iter().map(|(id, indices)| {
        let rows = indices.iter().filter_map(|&index| {
            let (line, read) = &read[index];
            Some((*line, &read.as_ref().ok()?.row))
        });
        (*id, rows.collect())
    });
    let repeated: Vec<RowsOfOne<'_>> = repeated.collect();
    disagreements::warn_of_files(draft, table, &several_files(&groups, read));
    disagreements::warn(draft, table, fields, &repeated);
    disagreements::warn_of_columns(draft, table, kept, &repeated);
    let mut tied: Vec<String> = Vec::new();
    for ((id, indices), (_, rows)) in groups.iter().zip(&repeated) {
        let together = combine(draft, table, fields, kept, id, rows);
        if let Err(votes) = &together {
            tied.push(format!("{id} ({votes})"));
        }
        for (place, &index) in indices.iter().enumerate() {
            roles[index] = match (&together, place) {
                (Err(tied), 0) => Role::Tied(tied.clone()),
                (Ok(combined), 0) => Role::First(combined.clone()),
                _ if draft.votes() != VoteRule::Error => Role::Counted,
                _ => Role::Later,
            };
        }
    }
    disagreements::warn_of_ties(draft, &tied);
    roles
}

/// The utterances whose rows name several files, and two of these with their lines.
fn several_files<'r>(
    groups: &[(&'r str, Vec<usize>)],
    read: &'r [(u64, Result<Read, String>)],
) -> Vec<(&'r str, [(u64, &'r str); 2])> {
    let file = |index: usize| {
        let (line, read) = &read[index];
        let recording = read.as_ref().ok()?.utterance.as_ref().ok()?;
        Some((*line, recording.path.file_name()?.to_str()?))
    };
    let of_group = |(id, rows): &(&'r str, Vec<usize>)| {
        let mut files = rows.iter().filter_map(|&row| file(row));
        let first = files.next()?;
        let other = files.find(|(_, other)| *other != first.1)?;
        Some((*id, [first, other]))
    };
    groups.iter().filter_map(of_group).collect()
}

/// What the rows of one utterance say together, or the votes that are tied.
fn combine(
    draft: &mut Draft<'_>,
    table: &str,
    fields: &Fields,
    kept: &[String],
    id: &str,
    rows: &[(u64, &Row)],
) -> Result<Combined, String> {
    let label = |row: &&Row| fields.value(row, "emotion").unwrap_or_default().to_owned();
    let labels: Vec<(u64, String)> = rows.iter().map(|(line, row)| (*line, label(row))).collect();
    let is_same = |one: &String| normalise(one) == normalise(&labels[0].1);
    let agree = !draft.needs_labels() || labels.iter().all(|(_, label)| is_same(label));
    let numbers = numbers(kept.len(), rows);
    if draft.votes() == VoteRule::Error {
        let differing = (!agree).then_some(&labels);
        let column = numbers
            .first()
            .map(|(column, values, _)| (&kept[*column], values));
        let told = |values: &[(u64, String)]| {
            let one = |(line, value): &(u64, String)| format!("{value} ({table}:{line})");
            values.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        if let Some(labels) = differing {
            draft.note_contradiction(format!("{id} is {}", told(labels)));
        } else if let Some((column, values)) = column {
            draft.note_contradiction(format!("{column} of {id} is {}", told(values)));
        }
        return Ok(Combined::default());
    }
    let mut columns: Vec<(usize, String)> = (numbers.into_iter())
        .map(|(column, _, mean)| (column, mean))
        .collect();
    for column in 0..kept.len() {
        let is_mean = columns.iter().any(|(known, _)| *known == column);
        let most = KeptCells::of(column, rows).most_frequent();
        if let Some((most, _)) = most.filter(|_| !is_mean) {
            columns.push((column, most.to_owned()));
        }
    }
    let mut combined = Combined {
        columns,
        ..Combined::default()
    };
    if agree {
        return Ok(combined);
    }
    // A row without a label is no vote.
    let cast = labels.iter().filter(|(_, label)| !label.is_empty());
    let cast: Vec<&String> = cast.map(|(_, label)| label).collect();
    let ballot = |label: &&String| match draft.labels().look_up(label) {
        Mapped::Class(class) => Ballot::Class(class),
        _ => Ballot::Other(normalise(label)),
    };
    let ballots: Vec<Ballot> = cast.iter().map(ballot).collect();
    match votes::count(draft.votes(), &ballots) {
        None => {}
        Some(Verdict::Tied(votes)) => return Err(votes),
        Some(Verdict::Decided(place, votes)) => {
            combined.label = Some(cast[place].clone());
            if votes.is_some() {
                draft.note_lost_votes(&ballots);
            }
            combined.votes = votes;
        }
    }
    Ok(combined)
}

/// A column of numbers in which rows differ: which column, its values with their lines, and the mean of those that are there.
type DifferingNumbers = (usize, Vec<(u64, String)>, String);

/// Columns of numbers in which the rows differ.
fn numbers(columns: usize, rows: &[(u64, &Row)]) -> Vec<DifferingNumbers> {
    let of_column = |column: usize| {
        let cells = KeptCells::of(column, rows);
        let parsed = cells.numbers()?;
        let first = parsed.first()?;
        let differ = parsed.iter().any(|number| number != first);
        let mean = parsed.iter().sum::<f64>() / parsed.len() as f64;
        let cells = cells.with_lines().iter();
        let known = cells.map(|(line, cell)| (*line, (*cell).to_owned()));
        differ.then(|| (column, known.collect(), mean.to_string()))
    };
    (0..columns).filter_map(of_column).collect()
}

fn id_of(read: &Result<Read, String>) -> Option<&str> {
    let utterance = read.as_ref().ok()?.utterance.as_ref().ok()?;
    Some(&utterance.id)
}
