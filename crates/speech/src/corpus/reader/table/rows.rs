//! Rows of a table, whatever its format.

use std::collections::BTreeMap;

use crate::corpus::KeptColumns;
use crate::corpus::error::nearest_first;

/// What a row can say: times in seconds, the channel counted from 0.
pub(in crate::corpus::reader) const FIELDS: [&str; 8] = [
    "path", "start", "end", "channel", "speaker", "gender", "language", "emotion",
];

/// The fields of one row that the table has, trimmed; one text holds them all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::corpus::reader) struct Row {
    text: String,
    /// Where each of [`FIELDS`] is in the text.
    fields: [Option<(u32, u32)>; FIELDS.len()],
    /// Where each of [`Rows::kept`] is in the text.
    kept: Vec<(u32, u32)>,
}

impl Row {
    /// Sets the value of a field.
    ///
    /// # Errors
    /// A lower-case fragment, where the row is too long.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), String> {
        let place = self.push(value)?;
        if let Some(index) = index_of(field) {
            self.fields[index] = Some(place);
        }
        Ok(())
    }

    /// Sets the value of the next of [`Rows::kept`].
    ///
    /// # Errors
    /// A lower-case fragment, where the row is too long.
    pub fn keep(&mut self, value: &str) -> Result<(), String> {
        let place = self.push(value)?;
        self.kept.push(place);
        Ok(())
    }

    /// The values of [`Rows::kept`].
    pub fn kept(&self) -> impl Iterator<Item = &str> {
        let texts = self.kept.iter();
        texts.map(|&(start, end)| {
            self.text
                .get(start as usize..end as usize)
                .unwrap_or_default()
        })
    }

    fn push(&mut self, value: &str) -> Result<(u32, u32), String> {
        let start = self.text.len();
        self.text.push_str(value);
        let position = |at: usize| u32::try_from(at).map_err(|_| "it is too long".to_string());
        Ok((position(start)?, position(self.text.len())?))
    }

    /// Gives back memory that the text does not need.
    pub fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
    }

    /// The value of one of [`FIELDS`].
    pub fn get(&self, field: &str) -> Option<&str> {
        let (start, end) = self.fields[index_of(field)?]?;
        self.text.get(start as usize..end as usize)
    }
}

fn index_of(field: &str) -> Option<usize> {
    FIELDS.iter().position(|known| *known == field)
}

/// A table as read.
#[derive(Debug, Default)]
pub(in crate::corpus::reader) struct Rows {
    /// The table's own column names.
    pub columns: Vec<String>,
    /// Those of [`FIELDS`] that it has a column for.
    pub fields: Vec<&'static str>,
    /// Further columns that utterances keep.
    pub kept: Vec<String>,
    /// Line number, counted from 1, and the row or what is wrong with it.
    pub rows: Vec<(u64, Result<Row, String>)>,
}

impl Rows {
    /// True if the table has a column for `field`.
    pub fn has(&self, field: &str) -> bool {
        self.fields.contains(&field)
    }
}

/// Why a table is unusable as a whole.
#[derive(Debug, PartialEq)]
pub(in crate::corpus) struct TableProblem {
    /// To follow the table's name.
    pub reason: String,
    /// What to do.
    pub help: String,
}

impl TableProblem {
    /// A problem and what to do about it.
    pub fn new(reason: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            help: help.into(),
        }
    }

    /// A column that is needed once and is not there once.
    pub(super) fn of_columns(reason: String, wanted: &str, columns: &[String]) -> Self {
        let known: Vec<&str> = columns.iter().map(String::as_str).collect();
        Self::new(
            reason,
            format!("its columns: {}", nearest_first(wanted, &known)),
        )
    }
}

/// Which column is which field.
#[derive(Clone, Debug, Default)]
pub(in crate::corpus::reader) struct Names {
    /// Field to the table's name for it, which must be there.
    pub columns: BTreeMap<String, String>,
    /// Further names of fields that are not among `columns`: the first that is there counts, after the field's own.
    pub usual: &'static [(&'static str, &'static [&'static str])],
    /// Which further columns utterances keep.
    pub kept: KeptColumns,
}

impl Names {
    /// The name that `field` must have, if one is set, and otherwise those that it may have.
    pub fn of<'n>(&'n self, field: &'n str) -> impl Iterator<Item = &'n str> {
        let named = self.columns.get(field).map(String::as_str);
        let usual = self.usual.iter().find(|(known, _)| *known == field);
        let usual = usual.map_or(&[][..], |(_, names)| names);
        let may = (named.is_none()).then(|| std::iter::once(field).chain(usual.iter().copied()));
        named.into_iter().chain(may.into_iter().flatten())
    }
}

/// Where the further columns are that utterances keep: those that are no field.
pub(super) fn kept_places(
    columns: &[String],
    fields: &[(&'static str, usize)],
    kept: &KeptColumns,
) -> Vec<usize> {
    let is_field = |place: &usize| fields.iter().any(|(_, other)| other == place);
    let places = (0..columns.len()).filter(|place| !is_field(place));
    places
        .filter(|&place| kept.keeps(&columns[place]))
        .collect()
}

/// Where each field is among the columns.
pub(super) fn places(
    columns: &[String],
    names: &Names,
) -> Result<Vec<(&'static str, usize)>, TableProblem> {
    let mut places = Vec::new();
    for field in FIELDS {
        let among = |wanted: &str| columns.iter().any(|column| column == wanted);
        let Some(wanted) = names.of(field).find(|wanted| among(wanted)) else {
            match names.columns.get(field) {
                Some(wanted) => {
                    let reason = format!("has no column `{wanted}` for {field}");
                    return Err(TableProblem::of_columns(reason, wanted, columns));
                }
                None => continue,
            }
        };
        let mut matching = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| *column == wanted);
        match (matching.next(), matching.next()) {
            (Some((place, _)), None) => places.push((field, place)),
            _ => {
                let reason = format!("has two columns `{wanted}`");
                return Err(TableProblem::of_columns(reason, wanted, columns));
            }
        }
    }
    Ok(places)
}
