//! Published tables of files and what belongs to each, such as its split, and published lists.

use std::borrow::Cow;
use std::collections::BTreeMap;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use crate::corpus::KeptColumns;

use super::format::Format;
use super::format_of_name;
use super::parse::parse;
use super::recording::Fields;
use super::rows::{Names, Row, TableProblem};
use super::text;

/// The column of files.
const FILE: &str = "file";

/// A file, or a part of one, and what a column says of it.
#[derive(Debug, PartialEq)]
pub(in crate::corpus) struct PublishedRow {
    /// The file as it is published.
    pub file: String,
    /// Start and end in seconds, the end infinite where it is the file's; none for all of it.
    pub segment_s: Option<(f64, f64)>,
    /// What the column says.
    pub value: String,
}

/// The line of a row, and the row or what is wrong with it.
type Line = (u64, Result<PublishedRow, String>);

/// The rows of the table called `name`: their column `file`, `start` and `end` where there are any, and `column`.
///
/// # Errors
/// Where it is unusable as a whole.
pub(in crate::corpus) fn published_rows(
    bytes: &[u8],
    name: &str,
    column: &str,
) -> Result<Vec<Line>, TableProblem> {
    let text = published_text(bytes)?;
    let format = format_of_name(name).unwrap_or(Format::Csv);
    let names = Names {
        columns: [("path".to_owned(), FILE.to_owned())].into(),
        usual: &[],
        kept: KeptColumns::Named([column.to_owned()].into()),
    };
    let rows = parse(text.as_bytes(), format, &names)?;
    if !rows.columns.iter().any(|known| known == column) {
        let reason = format!("has no column `{column}`");
        return Err(TableProblem::of_columns(reason, column, &rows.columns));
    }
    let fields = Fields {
        constants: BTreeMap::new(),
    };
    // A column that is one of the fields is not kept beside them.
    let value = |row: &Row| {
        let kept = row.kept().next().map(str::to_owned);
        kept.unwrap_or_else(|| row.get(column).unwrap_or_default().to_owned())
    };
    let read = |row: Row| {
        Ok(PublishedRow {
            file: match row.get("path").unwrap_or_default() {
                "" => return Err(format!("{FILE} is empty")),
                file => file.to_owned(),
            },
            segment_s: fields.segment(&row)?,
            value: value(&row),
        })
    };
    let rows = rows.rows.into_iter();
    Ok(rows.map(|(line, row)| (line, row.and_then(read))).collect())
}

/// The text of a published file: UTF-8, or UTF-16 with or without a byte order mark.
///
/// # Errors
/// Where it is neither.
pub(in crate::corpus) fn published_text(bytes: &[u8]) -> Result<Cow<'_, str>, TableProblem> {
    let unmarked: Option<&'static Encoding> = match bytes {
        [0, 1..=255, ..] => Some(UTF_16BE),
        [1..=255, 0, ..] => Some(UTF_16LE),
        _ => None,
    };
    let not_utf_8 = |valid: &[u8]| {
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        TableProblem::new(
            format!("is neither UTF-8 nor UTF-16: see line {line}"),
            "save it as UTF-8",
        )
    };
    match text::decode(bytes, unmarked)? {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(not_utf_8(&bytes[..error.valid_up_to()])),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                Err(not_utf_8(&error.as_bytes()[..valid]))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8], name: &str) -> Vec<Line> {
        published_rows(bytes, name, "split").unwrap()
    }

    fn row(file: &str, segment_s: Option<(f64, f64)>, value: &str) -> Result<PublishedRow, String> {
        Ok(PublishedRow {
            file: file.into(),
            segment_s,
            value: value.into(),
        })
    }

    fn utf_16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn tables_are_read_in_every_form_that_corpora_are_read_in() {
        let expected = [(2, row("a.wav", None, "train"))];
        let table = "file,split\na.wav,train\n";
        for (bytes, name) in [
            (table.as_bytes().to_vec(), "s.csv"),
            (table.as_bytes().to_vec(), "splits"),
            (format!("\u{feff}{table}").into_bytes(), "s.csv"),
            (utf_16(&format!("\u{feff}{table}")), "s.csv"),
            (utf_16(table), "s.csv"),
            (table.replace(',', ";").into_bytes(), "s.csv"),
            (table.replace(',', "\t").into_bytes(), "s.tsv"),
            (table.replace(',', "\t").into_bytes(), "s.csv"),
        ] {
            assert_eq!(rows(&bytes, name), expected);
        }
        let named = format!("sep=;\n{}", table.replace(',', ";"));
        assert_eq!(
            rows(named.as_bytes(), "s.csv"),
            [(3, row("a.wav", None, "train"))]
        );
        let json = b"{\"file\": \"a.wav\", \"split\": \"train\"}\n";
        assert_eq!(rows(json, "s.jsonl"), [(1, row("a.wav", None, "train"))]);
    }

    #[test]
    fn segments_are_read_and_stray_quotes_cost_their_row() {
        let table = b"file,start,end,split\n\
            a.wav,0 days 00:00:01,0 days 00:00:02.5,dev\n\
            a.wav,3,NaT,test\nb.wav,,,train\n";
        let found: Vec<_> = rows(table, "s.csv")
            .into_iter()
            .map(|(_, row)| row)
            .collect();
        assert_eq!(
            found,
            [
                row("a.wav", Some((1.0, 2.5)), "dev"),
                row("a.wav", Some((3.0, f64::INFINITY)), "test"),
                row("b.wav", None, "train"),
            ]
        );
        let table =
            b"file,text,split\na.wav,\"oh,train\nb.wav,x,train\nc.wav,\"oh,test\nd.wav,x,dev\n";
        let lines: Vec<(u64, bool)> = rows(table, "s.csv")
            .iter()
            .map(|(line, row)| (*line, row.is_ok()))
            .collect();
        assert_eq!(lines, [(2, false), (3, true), (4, false), (5, true)]);
    }

    #[test]
    fn a_table_without_the_columns_and_other_encodings_are_reported() {
        let told = |bytes: &[u8]| {
            let problem = published_rows(bytes, "s.csv", "split").unwrap_err();
            (problem.reason, problem.help)
        };
        assert_eq!(
            told(b"file,part\na.wav,train\n"),
            (
                "has no column `split`".to_owned(),
                "its columns: part, file".to_owned()
            )
        );
        assert_eq!(
            told(b"wav,split\na.wav,train\n").0,
            "has no column `file` for path"
        );
        assert_eq!(
            told(b"file,split\nm\xfcde.wav,train\n").0,
            "is neither UTF-8 nor UTF-16: see line 2"
        );
    }
}
