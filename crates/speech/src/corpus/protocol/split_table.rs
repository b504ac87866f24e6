//! A table of files and their splits, as audformat writes them: CSV with a column `file` and one of splits.

use std::path::Path;

use pipe_foundation::spreadsheet::unguarded;
use pipe_foundation::{Digest, Limit};

use crate::corpus::Split;

use super::emobox::read;
use super::{Partition, ProtocolError, PublishedFile};

const EXPECTED: &str = "expected a CSV table with a header; splits are train, dev (or validation, val, valid, devel) and test (or testing, eval)";

/// Reads a table; `column` has the splits, `name` is the table for people. Rows without a split are left out.
///
/// # Errors
/// [`ProtocolError`] where it cannot be read or has no such columns.
pub fn split_table(
    path: &Path,
    name: &str,
    column: &str,
    file_bytes: Limit,
) -> Result<Partition, ProtocolError> {
    let text = read(path, file_bytes)?;
    let wrong = |line: usize, reason: String| ProtocolError::Line {
        path: path.to_path_buf(),
        line,
        reason,
        expected: EXPECTED,
    };
    let first = text.lines().next().unwrap_or_default();
    let delimiter = match first.contains('\t') {
        true => b'\t',
        false => b',',
    };
    let mut table = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = table
        .headers()
        .map_err(|error| wrong(1, error.to_string()))?;
    let position = |wanted: &str| headers.iter().position(|header| header == wanted);
    let file_column =
        position("file").ok_or_else(|| wrong(1, "there is no column `file`".into()))?;
    let split_column =
        position(column).ok_or_else(|| wrong(1, format!("there is no column `{column}`")))?;
    let mut files = Vec::new();
    for row in table.records() {
        let row = row.map_err(|error| {
            let line = error.position().map_or(0, |position| position.line());
            wrong(line as usize, error.to_string())
        })?;
        let line = row.position().map_or(0, |position| position.line()) as usize;
        let word = row.get(split_column).unwrap_or_default();
        if word.is_empty() {
            continue;
        }
        let split =
            split_of(word).ok_or_else(|| wrong(line, format!("`{word}` is not a split")))?;
        files.push(PublishedFile {
            path: unguarded(row.get(file_column).unwrap_or_default()).to_owned(),
            split,
            key: None,
            label: None,
        });
    }
    Ok(Partition {
        name: format!("table {name}"),
        digest: Digest::of(text.as_bytes()),
        has_validation: files.iter().any(|file| file.split == Split::Validation),
        files,
    })
}

/// The usual words for splits, without case.
pub fn split_of(word: &str) -> Option<Split> {
    match word.to_lowercase().as_str() {
        "train" | "training" => Some(Split::Train),
        "dev" | "devel" | "development" | "val" | "valid" | "validation" => Some(Split::Validation),
        "test" | "testing" | "eval" | "evaluation" => Some(Split::Test),
        _ => None,
    }
}
