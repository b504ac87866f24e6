//! A table of files and their splits, as audformat writes them: with a column `file`, those of a segment where there are
//! any, and one of splits.

use std::path::Path;

use pipe_foundation::spreadsheet::unguarded;
use pipe_foundation::{Digest, Limit, regular_file};

use crate::corpus::Split;
use crate::corpus::reader::published_rows;

use super::{Partition, ProtocolError, PublishedFile};

const EXPECTED: &str = "expected a table with a header; splits are train, dev (or validation, val, valid, devel) and test (or testing, eval)";

/// Reads a table; `column` has the splits, `name` is the table for people. Rows without a split are left out.
///
/// # Errors
/// [`ProtocolError`] where it cannot be read or has no such columns, and for its first row that is wrong.
pub fn split_table(
    path: &Path,
    name: &str,
    column: &str,
    file_bytes: Limit,
) -> Result<Partition, ProtocolError> {
    let bytes = regular_file::read(path, file_bytes);
    let bytes = bytes.map_err(|reason| ProtocolError::Unreadable {
        path: path.to_path_buf(),
        reason,
    })?;
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let rows = published_rows(&bytes, &file_name, column);
    let rows = rows.map_err(|problem| ProtocolError::Table {
        path: path.to_path_buf(),
        reason: problem.reason,
        help: problem.help,
    })?;
    let mut files = Vec::new();
    for (line, row) in rows {
        let wrong = |reason: String| ProtocolError::Line {
            path: path.to_path_buf(),
            line: line as usize,
            reason,
            expected: EXPECTED,
        };
        let row = row.map_err(wrong)?;
        if row.value.is_empty() {
            continue;
        }
        let split = Split::of_word(&row.value);
        files.push(PublishedFile {
            path: unguarded(&row.file).to_owned(),
            segment_s: row.segment_s,
            split: split.ok_or_else(|| wrong(format!("`{}` is not a split", row.value)))?,
            key: None,
            label: None,
        });
    }
    Ok(Partition {
        name: format!("table {name}"),
        digest: Digest::of(&bytes),
        has_validation: files.iter().any(|file| file.split == Split::Validation),
        files,
    })
}
