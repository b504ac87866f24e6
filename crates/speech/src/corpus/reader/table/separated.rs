//! Rows of a table in separated text: which character separates, and where each field is.

use super::format::Format;
use super::records::{Record, Records, Shape, other_length};
use super::rows::{FIELDS, Names, Row, Rows, TableProblem, kept_places, places};

/// What may separate fields, the most usual first.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// How the fields of a table are separated.
struct Separation {
    delimiter: u8,
    quoting: bool,
    /// Where the header begins, after a line `sep=;`.
    header: usize,
}

/// Why a table that is JSON inside is no separated text; none where it is not.
fn json_instead(bytes: &[u8]) -> Option<TableProblem> {
    let mut start = bytes.iter().filter(|byte| !byte.is_ascii_whitespace());
    let reason = match [start.next(), start.next()] {
        [Some(b'['), Some(b'{' | b']')] => "is a JSON array of objects, not separated text",
        [Some(b'{'), Some(b'"' | b'}')] => "has JSON objects, not separated text",
        _ => return None,
    };
    let help = "give it a name that ends in .json, here and in `table` of corpora.toml: its rows are read as they are; or write it as CSV with a header such as path,speaker,emotion";
    Some(TableProblem::new(reason, help))
}

/// Reads the table; blank lines are passed over.
///
/// The separator is the one that a first line such as `sep=;` names; otherwise the tab in TSV, and in CSV the one of comma,
/// semicolon, tab and vertical bar that gives most of the columns that are looked for, and then most columns.
pub(super) fn separated(bytes: &[u8], format: Format, names: &Names) -> Result<Rows, TableProblem> {
    if let Some(problem) = json_instead(bytes) {
        return Err(problem);
    }
    let separation = separation(bytes, format, names);
    let quoting = separation.quoting;
    let (bytes, line) = match separation.header {
        0 => (bytes, 1),
        start => (&bytes[start..], 2),
    };
    let mut records = Records::new(bytes, line, separation.delimiter, quoting);
    let mut record = Record::default();
    match records.read(&mut record) {
        None => return Err(TableProblem::new("is empty", FIRST_LINE)),
        Some(Err(reason)) => {
            let reason = format!("has no header: in line {}, {reason}", record.line);
            return Err(TableProblem::new(reason, FIRST_LINE));
        }
        Some(Ok(())) => {}
    }
    let columns = names_of(&record, quoting);
    if columns.iter().all(String::is_empty) {
        return Err(TableProblem::new("is empty", FIRST_LINE));
    }
    let places = places(&columns, names)?;
    let kept = kept_places(&columns, &places, &names.kept);
    let path = places.iter().find(|(field, _)| *field == "path");
    records.expect(Shape {
        columns: columns.len(),
        path: path.map(|(_, place)| *place),
    });
    let mut rows = Vec::new();
    while let Some(read) = records.read(&mut record) {
        let row = read.and_then(|()| row(&record, &columns, &places, &kept, quoting));
        rows.push((record.line, row));
    }
    Ok(Rows {
        kept: kept.iter().map(|&place| columns[place].clone()).collect(),
        columns,
        fields: places.iter().map(|(field, _)| *field).collect(),
        rows,
    })
}

/// What to do about a table without a header.
pub(super) const FIRST_LINE: &str =
    "its first line must name the columns; set `format` if it has another format";

fn separation(bytes: &[u8], format: Format, names: &Names) -> Separation {
    let first_line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    let first_line = first_line.unwrap_or_default();
    if let Some(delimiter) = named_delimiter(first_line) {
        let end = first_line.len();
        let line_end = if bytes[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        return Separation {
            delimiter,
            quoting: true,
            header: (end + line_end).min(bytes.len()),
        };
    }
    if format == Format::Tsv && first_line.contains(&b'\t') {
        return Separation {
            delimiter: b'\t',
            // A quote that opens a transcript would swallow the rows after it.
            quoting: false,
            header: 0,
        };
    }
    // Columns that are looked for, and columns.
    let fit = |delimiter: u8| {
        let mut record = Record::default();
        let read = Records::new(bytes, 1, delimiter, true).read(&mut record);
        if !matches!(read, Some(Ok(()))) {
            return (0, 0);
        }
        let columns = names_of(&record, true);
        let is_column = |field: &str| {
            let mut names = names.of(field);
            names.any(|name| columns.iter().any(|column| column == name))
        };
        let found = FIELDS.iter().filter(|field| is_column(field)).count();
        (found, columns.len())
    };
    let mut best = (DELIMITERS[0], fit(DELIMITERS[0]));
    for delimiter in &DELIMITERS[1..] {
        let fit = fit(*delimiter);
        if fit > best.1 {
            best = (*delimiter, fit);
        }
    }
    Separation {
        delimiter: best.0,
        quoting: true,
        header: 0,
    }
}

/// The character after `sep=`, with which Excel tells itself how a file is separated.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    let line = match line.trim_ascii_end() {
        // The separator may be a tab.
        trimmed if trimmed.len() == 4 => line.get(..5)?,
        trimmed => trimmed,
    };
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    match line {
        [name @ .., delimiter] if name.eq_ignore_ascii_case(b"sep=") => Some(*delimiter),
        _ => None,
    }
    .filter(|delimiter| delimiter.is_ascii() && *delimiter != b'"')
}

fn names_of(record: &Record, quoting: bool) -> Vec<String> {
    let name = |field| unquoted(&String::from_utf8_lossy(field), quoting).to_string();
    record.fields().map(name).collect()
}

fn row(
    record: &Record,
    columns: &[String],
    places: &[(&'static str, usize)],
    kept: &[usize],
    quoting: bool,
) -> Result<Row, String> {
    if record.len() != columns.len() {
        return Err(other_length(record.len(), columns.len()));
    }
    let value = |name: &str, place: usize| {
        let value = record.get(place).unwrap_or_default();
        std::str::from_utf8(value).map_err(|_| {
            format!(
                "{name} is not UTF-8: set the option `encoding` of the table, such as encoding = \"windows-1252\""
            )
        })
    };
    let mut row = Row::default();
    for &(field, place) in places {
        row.set(field, unquoted(value(field, place)?, quoting))?;
    }
    for &place in kept {
        row.keep(unquoted(value(&columns[place], place)?, quoting))?;
    }
    row.shrink_to_fit();
    Ok(row)
}

/// A field without blanks around it and, where quotes are characters as any other, without those that some writers put
/// around it nevertheless.
fn unquoted(field: &str, quoting: bool) -> &str {
    let field = field.trim();
    if quoting || field.len() < 2 {
        return field;
    }
    field
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .map_or(field, str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_under_another_name_is_reported() {
        let told = |bytes: &[u8]| json_instead(bytes).map(|problem| problem.reason);
        assert_eq!(
            told(b" [\n {\"path\": \"a.wav\"}]").as_deref(),
            Some("is a JSON array of objects, not separated text")
        );
        assert!(told(b"{\"path\": \"a.wav\"}\n").is_some());
        assert_eq!(told(b"path,speaker\n[a],b\n"), None);
        assert_eq!(told(b"{name},speaker\n"), None);
    }
}
