//! The formats of a table file: CSV, TSV and JSON lines.

use std::collections::BTreeMap;

use crate::corpus::KeptColumns;

use super::json_lines::json_lines;
use super::rows::{Problem, Row, Rows, kept_places, places};

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Comma-separated with `"` as quote; semicolons if the header has no comma.
    Csv,
    /// Tab-separated, where a quote is a character as any other.
    Tsv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// By a file's extension, without case.
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// Parses a whole table; `names` says which column is which field, a field's own name otherwise.
pub(super) fn parse(
    bytes: &[u8],
    format: Format,
    names: &BTreeMap<String, String>,
    kept: &KeptColumns,
) -> Result<Rows, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match format {
        Format::JsonLines => json_lines(bytes, names, kept),
        Format::Csv | Format::Tsv => separated(bytes, format, names, kept),
    }
}

fn separated(
    bytes: &[u8],
    format: Format,
    names: &BTreeMap<String, String>,
    kept: &KeptColumns,
) -> Result<Rows, Problem> {
    let header = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let delimiter = match format {
        Format::Tsv => b'\t',
        _ if !header.contains(&b',') && header.contains(&b';') => b';',
        _ => b',',
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        // An unbalanced quote in a TSV transcript would swallow the rows after it.
        .quoting(format != Format::Tsv)
        .flexible(true)
        .has_headers(true)
        .from_reader(bytes);
    let columns: Vec<String> = match reader.byte_headers() {
        Ok(headers) => headers
            .iter()
            .map(|header| unquoted(&String::from_utf8_lossy(header), format).to_string())
            .collect(),
        Err(error) => {
            return Err(Problem {
                reason: format!("has no header: {error}"),
                wanted: String::new(),
                known: Vec::new(),
            });
        }
    };
    if columns.iter().all(String::is_empty) {
        return Err(Problem {
            reason: "is empty".to_string(),
            wanted: String::new(),
            known: Vec::new(),
        });
    }
    let places = places(&columns, names)?;
    let kept = kept_places(&columns, &places, kept);
    let mut lines = Lines::new(bytes);
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = lines.of(error.position());
                rows.push((line, Err(format!("cannot be read: {error}"))));
                break;
            }
        };
        let line = lines.of(record.position());
        rows.push((
            line,
            separated_row(&record, &columns, &places, &kept, format),
        ));
    }
    Ok(Rows {
        kept: kept.iter().map(|&place| columns[place].clone()).collect(),
        columns,
        fields: places.iter().map(|(field, _)| *field).collect(),
        rows,
    })
}

/// Line numbers of records: the csv reader's own counts a record after blank lines as the first of
/// them.
struct Lines<'a> {
    bytes: &'a [u8],
    /// Where counting stopped, and the line there.
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    /// The line, counted from 1, of the first byte of the record at `position` that ends no line.
    /// Positions must not go back.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position.map_or(self.at, |p| usize::try_from(p.byte()).unwrap_or(usize::MAX));
        while let Some(&byte) = self.bytes.get(self.at) {
            if self.at >= start && byte != b'\n' && byte != b'\r' {
                break;
            }
            self.line += u64::from(byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn separated_row(
    record: &csv::ByteRecord,
    columns: &[String],
    places: &[(&'static str, usize)],
    kept: &[usize],
    format: Format,
) -> Result<Row, String> {
    if record.len() != columns.len() {
        return Err(format!(
            "it has {} fields, but the header has {}",
            record.len(),
            columns.len()
        ));
    }
    let mut row = Row::default();
    for &(field, place) in places {
        let value = record.get(place).unwrap_or_default();
        let value = std::str::from_utf8(value).map_err(|_| format!("{field} is not UTF-8"))?;
        row.set(field, unquoted(value, format))?;
    }
    for &place in kept {
        let value = record.get(place).unwrap_or_default();
        let value =
            std::str::from_utf8(value).map_err(|_| format!("{} is not UTF-8", columns[place]))?;
        row.keep(unquoted(value, format))?;
    }
    row.shrink_to_fit();
    Ok(row)
}

/// A field without blanks around it and, in TSV, without the quotes some writers put around it.
fn unquoted(field: &str, format: Format) -> &str {
    let field = field.trim();
    match format {
        Format::Tsv if field.len() >= 2 => field
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .map_or(field, str::trim),
        _ => field,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(field, column)| (field.to_string(), column.to_string()))
            .collect()
    }

    #[test]
    fn the_three_formats_say_the_same() {
        let names = names(&[("path", "file")]);
        let tables: [(&[u8], Format); 4] = [
            (b"file,emotion,other\na.wav,\"so, so\",1\n", Format::Csv),
            (
                b"\xef\xbb\xbffile;emotion;other\r\na.wav; so, so ;1\r\n",
                Format::Csv,
            ),
            (
                b"file\temotion\tother\n\"a.wav\"\tso, so\t\"unbalanced\n",
                Format::Tsv,
            ),
            (
                b"{\"file\": \"a.wav\", \"emotion\": \"so, so\", \"other\": {}}\n\n",
                Format::JsonLines,
            ),
        ];
        for (bytes, format) in tables {
            let rows = parse(bytes, format, &names, &KeptColumns::All).unwrap();
            assert_eq!(rows.fields, ["path", "emotion"], "{format:?}");
            let (_, row) = &rows.rows[0];
            let row = row.as_ref().unwrap();
            assert_eq!(
                (row.get("path"), row.get("emotion")),
                (Some("a.wav"), Some("so, so"))
            );
            assert_eq!(rows.rows.len(), 1);
        }
    }

    #[test]
    fn bad_rows_keep_their_line_and_do_not_hide_the_next() {
        let text = b"path,emotion\na.wav,x\nb.wav\nc.wav,\xff\n\nd.wav,y\n";
        let rows = parse(text, Format::Csv, &names(&[]), &KeptColumns::All)
            .unwrap()
            .rows;
        let lines: Vec<_> = rows
            .iter()
            .map(|(line, row)| (*line, row.is_ok()))
            .collect();
        assert_eq!(lines, [(2, true), (3, false), (4, false), (6, true)]);
        assert_eq!(
            rows[1].1,
            Err("it has 1 fields, but the header has 2".to_string())
        );
    }

    #[test]
    fn a_named_column_must_be_there_once() {
        let wanted = names(&[("path", "fiel")]);
        let problem =
            parse(b"file,emotion\n", Format::Csv, &wanted, &KeptColumns::All).unwrap_err();
        assert_eq!(problem.reason, "has no column `fiel` for path");
        let problem =
            parse(b"path,path\n", Format::Csv, &names(&[]), &KeptColumns::All).unwrap_err();
        assert_eq!(problem.reason, "has two columns `path`");
        assert!(parse(b"", Format::Csv, &names(&[]), &KeptColumns::All).is_err());
        assert!(parse(b"", Format::JsonLines, &names(&[]), &KeptColumns::All).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            with_header in any::<bool>(),
        ) {
            let mut text = if with_header { b"path,emotion,start\n".to_vec() } else { Vec::new() };
            text.extend(&bytes);
            for format in [Format::Csv, Format::Tsv, Format::JsonLines] {
                if let Ok(rows) = parse(&text, format, &BTreeMap::new(), &KeptColumns::All) {
                    prop_assert!(rows.rows.len() <= text.len() + 1);
                }
            }
        }
    }
}
