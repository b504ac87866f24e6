//! Tables with features in columns, and a row or several for each recording: those of openSMILE, audformat, Nkululeko and
//! pandas.

use std::collections::HashMap;
use std::path::Path;

use csv::{Position, StringRecord};
use pipe_foundation::Features;

use crate::times::{end_seconds, seconds};

use super::error::FeatureFileError;
use super::feature_file::{FeatureFile, FeatureFileOptions, Part};
use super::matrix;

mod head;
mod no_features;
mod separated;

use head::{Head, unquoted};
use separated::is_empty;

/// Times may differ by so many seconds and be the same.
const SAME_TIME_S: f64 = 0.0005;

/// A table, of which it is known where the rows of each recording are.
#[derive(Debug)]
pub struct Table {
    head: Head,
    names: Vec<String>,
    /// The rows of each name.
    rows: Vec<Vec<Row>>,
}

#[derive(Clone, Debug)]
struct Row {
    position: Position,
    /// Start and end, an infinite one for the end of the recording; where there is only a start, it is both.
    times_s: Option<(f64, f64)>,
}

/// The columns of features in a table, in order.
///
/// # Errors
/// As [`Table::open`], by the header and the first rows.
pub fn columns(path: &Path, options: &FeatureFileOptions) -> Result<Vec<String>, FeatureFileError> {
    let columns = Head::read(path, options)?.columns.into_iter();
    Ok(columns.map(|(_, name)| name).collect())
}

impl Table {
    /// Walks over the table once.
    ///
    /// # Errors
    /// A file that cannot be read, has no column of names or of numbers, or is no table.
    pub fn open(path: &Path, options: &FeatureFileOptions) -> Result<Self, FeatureFileError> {
        let head = Head::read(path, options)?;
        let separated = &head.separated;
        let mut records = separated.records()?;
        let mut record = StringRecord::new();
        records.read(&mut record)?;
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let (mut names, mut rows) = (Vec::new(), Vec::<Vec<Row>>::new());
        while let Some(position) = records.read(&mut record)? {
            let time = |column: Option<usize>, read: fn(&str) -> Result<Option<f64>, String>| {
                let cell = column.map(|column| read(unquoted(&record[column])));
                cell.unwrap_or(Ok(None)).map_err(|reason| {
                    separated.wrong_at(position.byte(), format!(": a time {reason}"))
                })
            };
            let (start_s, end_s) = head.times;
            let without_end = end_s.map(|_| f64::INFINITY);
            let (start_s, end_s) = (time(start_s, seconds)?, time(end_s, end_seconds)?);
            let end_of = |start_s| end_s.or(without_end).unwrap_or(start_s);
            let times_s = start_s.map(|start_s| (start_s, end_of(start_s)));
            let name = unquoted(&record[head.name_column]);
            let index = *by_name.entry(name.to_owned()).or_insert_with(|| {
                names.push(name.to_owned());
                rows.push(Vec::new());
                rows.len() - 1
            });
            rows[index].push(Row { position, times_s });
        }
        Ok(Self { head, names, rows })
    }

    /// The rows of a recording that lie within a part of it, by their times; all of them for the whole of it.
    fn within(&self, index: usize, part: Part) -> Vec<&Row> {
        let rows = &self.rows[index];
        let Some((start_s, end_s)) = part else {
            return rows.iter().collect();
        };
        let timed = || rows.iter().filter_map(|row| Some((row, row.times_s?)));
        let same = |a: f64, b: f64| a == b || (a - b).abs() <= SAME_TIME_S;
        let exact = timed().filter(|(_, (start, end))| same(*start, start_s) && same(*end, end_s));
        let exact: Vec<&Row> = exact.map(|(row, _)| row).collect();
        if exact.len() == 1 {
            return exact;
        }
        let inside = timed().filter(|(_, (start, end))| {
            *start >= start_s - SAME_TIME_S && *end <= end_s + SAME_TIME_S
        });
        inside.map(|(row, _)| row).collect()
    }
}

impl FeatureFile for Table {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn notices(&self) -> &[String] {
        self.head.notice.as_slice()
    }

    fn has_times(&self, index: usize) -> bool {
        self.rows[index].iter().any(|row| row.times_s.is_some())
    }

    fn read(&self, index: usize, part: Part) -> Result<Features, FeatureFileError> {
        let rows = self.within(index, part);
        let Head {
            separated, columns, ..
        } = &self.head;
        let name = &self.names[index];
        if let (true, Some((start_s, end_s))) = (rows.is_empty(), part) {
            let within = match end_s.is_finite() {
                true => format!("within {start_s}–{end_s} s"),
                false => format!("from {start_s} s on"),
            };
            let reason = format!("no row {within}");
            return Err(FeatureFileError::of_name(&separated.path, name, reason));
        }
        let mut records = separated.records()?;
        let mut record = StringRecord::new();
        let mut values = Vec::with_capacity(rows.len() * columns.len());
        for row in &rows {
            records.seek(&row.position)?;
            records.read(&mut record)?;
            for (column, name) in columns {
                let cell = record.get(*column).unwrap_or_default();
                let value = separated.number(cell).filter(|value| value.is_finite());
                let value = value.ok_or_else(|| {
                    let what = match is_empty(cell) {
                        true => "is empty",
                        false => "is no finite number",
                    };
                    let reason = format!(": `{name}` {what}: {cell:?}");
                    separated.wrong_at(row.position.byte(), reason)
                })?;
                values.push(value);
            }
        }
        let shape = [rows.len(), columns.len()];
        matrix::features(&shape, values)
            .map_err(|reason| FeatureFileError::of_name(&separated.path, name, reason))
    }
}
