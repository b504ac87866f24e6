//! From the text of a table to its rows, whatever its format.

use super::format::Format;
use super::json::{json_array, json_lines};
use super::rows::{Names, Rows, TableProblem};
use super::separated::separated;

/// Parses a whole table in UTF-8; `names` says which column is which field, a field's own name otherwise.
pub(super) fn parse(bytes: &[u8], format: Format, names: &Names) -> Result<Rows, TableProblem> {
    match format {
        Format::Json if bytes.trim_ascii_start().starts_with(b"[") => json_array(bytes, names),
        Format::Json => json_lines(bytes, names),
        Format::Csv | Format::Tsv => separated(bytes, format, names),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::corpus::KeptColumns;

    use super::*;

    fn names(pairs: &[(&str, &str)]) -> Names {
        let columns = pairs
            .iter()
            .map(|(field, column)| (field.to_string(), column.to_string()));
        Names {
            columns: columns.collect(),
            usual: &[("emotion", &["label", "emo"])],
            kept: KeptColumns::All,
        }
    }

    #[test]
    fn the_formats_say_the_same() {
        let names = names(&[("path", "file")]);
        let tables: [(&[u8], Format); 8] = [
            (b"file,emotion,other\na.wav,\"so, so\",1\n", Format::Csv),
            (b"file;emotion;other\r\na.wav; so, so ;1\r\n", Format::Csv),
            (b"file|emotion|other, 1-5\ra.wav|so, so|1\r", Format::Csv),
            (
                b"\"sep=;\"\r\nfile;emotion;other\r\na.wav;\"so, so\";1",
                Format::Csv,
            ),
            (b"file\temotion\tother\n\"a.wav\"\tso, so\t1\n", Format::Csv),
            (
                b"file\temotion\tother\n\"a.wav\"\tso, so\t\"unbalanced\n",
                Format::Tsv,
            ),
            (
                b"{\"file\": \"a.wav\", \"emotion\": \"so, so\", \"other\": {}}\n\n",
                Format::Json,
            ),
            (
                b"\n[{\"file\": \"a.wav\",\n \"emotion\": \"so, so\"}\n]\n",
                Format::Json,
            ),
        ];
        for (bytes, format) in tables {
            let rows = parse(bytes, format, &names).unwrap();
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
        let text = b"path,emotion\na.wav,x\rb.wav\r\nc.wav,\xff\n\nd.wav,y\n";
        let rows = parse(text, Format::Csv, &names(&[])).unwrap().rows;
        let lines: Vec<_> = rows
            .iter()
            .map(|(line, row)| (*line, row.is_ok()))
            .collect();
        assert_eq!(lines, [(2, true), (3, false), (4, false), (6, true)]);
        let told: Vec<&str> = rows
            .iter()
            .filter_map(|(_, row)| row.as_ref().err().map(String::as_str))
            .collect();
        assert_eq!(
            told,
            [
                "it has 1 field, but the header has 2",
                "emotion is not UTF-8: set the option `encoding` of the table, such as encoding = \"windows-1252\""
            ]
        );
    }

    #[test]
    fn a_named_column_must_be_there_once() {
        let wanted = names(&[("path", "fiel")]);
        let problem = parse(b"file,emotion\n", Format::Csv, &wanted).unwrap_err();
        assert_eq!(problem.reason, "has no column `fiel` for path");
        assert_eq!(problem.help, "its columns: file, emotion");
        let problem = parse(b"path,path\n", Format::Csv, &names(&[])).unwrap_err();
        assert_eq!(problem.reason, "has two columns `path`");
        let rows = parse(b"path,emo,label\n", Format::Csv, &names(&[])).unwrap();
        assert_eq!(rows.fields, ["path", "emotion"]);
        for format in [Format::Csv, Format::Tsv, Format::Json] {
            assert_eq!(
                parse(b"", format, &names(&[])).unwrap_err().reason,
                "is empty"
            );
        }
    }

    #[test]
    fn json_that_is_no_table_says_so_in_terms_of_json() {
        let problem = |text: &str| parse(text.as_bytes(), Format::Json, &names(&[])).unwrap_err();
        assert_eq!(
            problem("{\"path\": {\"0\": \"a.wav\"},\n \"emotion\": {\"0\": \"x\"}}").reason,
            "has neither one JSON object a line nor a JSON array of objects"
        );
        assert_eq!(problem("[]").reason, "is empty");
        assert_eq!(
            problem("[{\"path\": 1},\n {\"path\"}]").reason,
            "is not JSON in line 2: expected `:`"
        );
        assert_eq!(
            problem("[{\"path\": 1}\n").reason,
            "is a JSON array that does not end"
        );
        assert_eq!(
            problem("[{\"path\": 1} {}]").reason,
            "is not JSON in line 1: expected `,` or `]`"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            start in proptest::sample::select(vec!["", "path,emotion,start\n", "sep=\t\n", "[{},"]),
        ) {
            let mut text = start.as_bytes().to_vec();
            text.extend(&bytes);
            for format in [Format::Csv, Format::Tsv, Format::Json] {
                if let Ok(rows) = parse(&text, format, &Names::default()) {
                    prop_assert!(rows.rows.len() <= text.len() + 1);
                }
            }
        }
    }
}
