//! Tables with features in columns, and a row or several for each recording: those of openSMILE, audformat, Nkululeko and
//! pandas.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use csv::{Position, Reader, ReaderBuilder, StringRecord};
use pipe_foundation::{Features, regular_file};

use crate::times::{end_seconds, seconds};

use super::error::{Fault, FeatureFileError};
use super::feature_file::{FeatureFile, FeatureFileOptions, Part};
use super::matrix;

/// Columns that name recordings, the most telling first.
const NAMES: [&str; 10] = [
    "file",
    "name",
    "filename",
    "file_name",
    "id",
    "utterance",
    "utterance_id",
    "path",
    "wav",
    "audio",
];
/// Columns that are no features unless they are asked for, even where they hold numbers.
const LABELS: [&str; 24] = [
    "start",
    "end",
    "frametime",
    "frameindex",
    "class",
    "class_label",
    "label",
    "emotion",
    "speaker",
    "speaker_id",
    "gender",
    "sex",
    "age",
    "language",
    "split",
    "corpus",
    "session",
    "valence",
    "arousal",
    "dominance",
    "text",
    "duration",
    "duration_s",
    "dataset",
];
/// Times may differ by so many seconds and be the same.
const SAME_TIME_S: f64 = 0.0005;

/// A table, of which it is known where the rows of each recording are.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    delimiter: u8,
    names: Vec<String>,
    /// The rows of each name.
    rows: Vec<Vec<Row>>,
    /// The columns that are features, and what they are called.
    columns: Vec<(usize, String)>,
    notices: Vec<String>,
}

#[derive(Clone, Debug)]
struct Row {
    position: Position,
    start_s: Option<f64>,
    end_s: Option<f64>,
}

impl Table {
    /// Walks over the table once.
    ///
    /// # Errors
    /// A file that cannot be read, has no column of names or of numbers, or is no table.
    pub fn open(path: &Path, options: &FeatureFileOptions) -> Result<Self, FeatureFileError> {
        let wrong = |fault: Fault| FeatureFileError::new(path, fault);
        let delimiter = delimiter(path)?;
        let mut reader = opened(path, delimiter)?;
        let header = reader
            .headers()
            .map_err(|error| wrong(fault(error)))?
            .clone();
        let header: Vec<String> = header
            .iter()
            .map(|name| unquoted(name).to_owned())
            .collect();
        let place = |wanted: &str| {
            header
                .iter()
                .position(|name| name.eq_ignore_ascii_case(wanted))
        };
        let name_column = name_column(&header, options)
            .map_err(|help| wrong("no column names the recordings".into()).help(help))?;
        let (start, end) = (place("start").or_else(|| place("frametime")), place("end"));
        let mut table = Self {
            path: path.to_path_buf(),
            delimiter,
            names: Vec::new(),
            rows: Vec::new(),
            columns: Vec::new(),
            notices: Vec::new(),
        };
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let mut record = StringRecord::new();
        loop {
            let position = reader.position().clone();
            if !reader
                .read_record(&mut record)
                .map_err(|error| wrong(fault(error)))?
            {
                break;
            }
            if table.names.is_empty() {
                table.choose_columns(&header, name_column, &record, options)?;
            }
            let name = unquoted(&record[name_column]);
            let time = |column: Option<usize>, read: fn(&str) -> Result<Option<f64>, String>| {
                let cell = column.map(|column| read(unquoted(&record[column])));
                cell.unwrap_or(Ok(None)).map_err(|reason| {
                    wrong(format!("line {}: a time {reason}", position.line()).into())
                })
            };
            let row = Row {
                start_s: time(start, seconds)?,
                end_s: time(end, end_seconds)?,
                position,
            };
            let index = *by_name.entry(name.to_owned()).or_insert_with(|| {
                table.names.push(name.to_owned());
                table.rows.push(Vec::new());
                table.rows.len() - 1
            });
            table.rows[index].push(row);
        }
        if table.names.is_empty() {
            return Err(wrong("it has no rows".into()));
        }
        Ok(table)
    }

    /// Decides which columns are features, by their names and the first row.
    fn choose_columns(
        &mut self,
        header: &[String],
        name_column: usize,
        first: &StringRecord,
        options: &FeatureFileOptions,
    ) -> Result<(), FeatureFileError> {
        if let Some(wanted) = &options.columns {
            for name in wanted {
                let column = header.iter().position(|column| column == name);
                let column = column.ok_or_else(|| {
                    let reason = format!("it has no column `{name}`");
                    FeatureFileError::new(&self.path, reason)
                        .help(format!("its columns are {}", listed(header)))
                })?;
                self.columns.push((column, name.clone()));
            }
            return Ok(());
        }
        let mut left_out = Vec::new();
        for (column, name) in header
            .iter()
            .enumerate()
            .filter(|(column, _)| *column != name_column)
        {
            let is_label = LABELS.iter().any(|label| name.eq_ignore_ascii_case(label));
            let is_name = NAMES.iter().any(|other| name.eq_ignore_ascii_case(other));
            match !is_label && !is_name && self.number(&first[column]).is_some() {
                true => self.columns.push((column, name.clone())),
                false => left_out.push(name.clone()),
            }
        }
        if self.columns.is_empty() {
            return Err(FeatureFileError::new(&self.path, "no column holds numbers"));
        }
        if !left_out.is_empty() {
            self.notices.push(format!(
                "{}: {} columns are features; left out: {}",
                self.path.display(),
                self.columns.len(),
                listed(&left_out)
            ));
        }
        Ok(())
    }

    /// A number as the table writes it; with a comma where commas do not separate.
    fn number(&self, cell: &str) -> Option<f32> {
        let cell = cell.trim();
        cell.parse().ok().or_else(|| {
            let is_comma = self.delimiter != b',' && cell.matches(',').count() == 1;
            is_comma.then(|| cell.replace(',', ".").parse().ok())?
        })
    }

    /// The rows of a recording that lie within a part of it, by their times; all where there are none.
    fn within(&self, index: usize, part: Part) -> Vec<&Row> {
        let rows = &self.rows[index];
        let Some((start_s, end_s)) = part else {
            return rows.iter().collect();
        };
        let same = |a: f64, b: f64| (a - b).abs() <= SAME_TIME_S;
        let end_of = |row: &Row| row.end_s.or(row.start_s).unwrap_or(f64::INFINITY);
        let exact = rows.iter().filter(|row| {
            let ends = same(end_of(row), end_s) || row.end_s.is_none() && end_s.is_infinite();
            row.start_s.is_some_and(|start| same(start, start_s)) && ends
        });
        let exact: Vec<&Row> = exact.collect();
        if exact.len() == 1 {
            return exact;
        }
        let inside = rows.iter().filter(|row| {
            row.start_s
                .is_none_or(|start| start >= start_s - SAME_TIME_S)
                && (row.start_s.is_none() || end_of(row) <= end_s + SAME_TIME_S)
        });
        inside.collect()
    }
}

impl FeatureFile for Table {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn notices(&self) -> &[String] {
        &self.notices
    }

    fn read(&self, index: usize, part: Part) -> Result<Features, FeatureFileError> {
        let rows = self.within(index, part);
        let wrong = |fault: Fault| FeatureFileError::new(&self.path, fault);
        let mut reader = opened(&self.path, self.delimiter)?;
        let mut record = StringRecord::new();
        let mut values = Vec::with_capacity(rows.len() * self.columns.len());
        for row in &rows {
            if reader.position().byte() != row.position.byte() {
                reader
                    .seek(row.position.clone())
                    .map_err(|error| wrong(fault(error)))?;
            }
            reader
                .read_record(&mut record)
                .map_err(|error| wrong(fault(error)))?;
            for (column, name) in &self.columns {
                let cell = record.get(*column).unwrap_or_default();
                let value = self.number(cell).ok_or_else(|| {
                    let line = row.position.line();
                    wrong(format!("line {line}: `{name}` is no number: {cell:?}").into())
                })?;
                values.push(value);
            }
        }
        let shape = [rows.len(), self.columns.len()];
        matrix::features(&shape, values)
            .map_err(|reason| wrong(format!("{}: {reason}", self.names[index]).into()))
    }
}

/// The column that names recordings.
///
/// # Errors
/// What to do where there is none.
fn name_column(header: &[String], options: &FeatureFileOptions) -> Result<usize, String> {
    let place = |wanted: &str| {
        header
            .iter()
            .position(|name| name.eq_ignore_ascii_case(wanted))
    };
    let help = || {
        format!(
            "name it with name_column = \"COLUMN\"; its columns are {}",
            listed(header)
        )
    };
    if let Some(wanted) = &options.name_column {
        return place(wanted).ok_or_else(help);
    }
    // pandas writes its index without a name.
    let unnamed = || header.first().filter(|name| name.is_empty()).map(|_| 0);
    NAMES
        .iter()
        .find_map(|name| place(name))
        .or_else(unnamed)
        .ok_or_else(help)
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let shown: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// openSMILE puts names between single quotes.
fn unquoted(cell: &str) -> &str {
    cell.trim().trim_matches('\'')
}

/// What separates the columns, by the first line.
fn delimiter(path: &Path) -> Result<u8, FeatureFileError> {
    let wrong = |fault: Fault| FeatureFileError::new(path, fault);
    let file = regular_file::open(path).map_err(|error| wrong(error.into()))?;
    let mut line = Vec::new();
    let read = std::io::Read::take(BufReader::new(file), 1 << 24).read_until(b'\n', &mut line);
    read.map_err(|error| wrong(error.into()))?;
    if line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) {
        return Err(wrong("it is in UTF-16".into()).help("save it in UTF-8"));
    }
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    let candidates = [b',', b'\t', b';'];
    Ok(candidates
        .into_iter()
        .max_by_key(|byte| count(*byte))
        .unwrap_or(b','))
}

fn opened(path: &Path, delimiter: u8) -> Result<Reader<File>, FeatureFileError> {
    let file = regular_file::open(path).map_err(|error| FeatureFileError::new(path, error))?;
    Ok(ReaderBuilder::new().delimiter(delimiter).from_reader(file))
}

fn fault(error: csv::Error) -> Fault {
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = pos.as_ref().map_or(0, Position::line);
            format!("line {line} has {len} cells, those before have {expected_len}")
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(0, Position::line);
            format!("line {line} is not UTF-8")
        }
        csv::ErrorKind::Io(_) => {
            return match error.into_kind() {
                csv::ErrorKind::Io(error) => error.into(),
                _ => "it cannot be read".into(),
            };
        }
        _ => error.to_string(),
    };
    reason.into()
}
