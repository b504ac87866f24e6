//! The text of a table, whatever its encoding.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, UTF_16BE, UTF_16LE};

use crate::parquet_table;

use super::rows::TableProblem;

/// What a file begins with that is no table, what it is then, and what to do.
const NO_TABLES: [(&[u8], &str, &str); 3] = [
    (
        b"PK\x03\x04",
        "is a workbook or another archive, not text",
        "save the sheet as CSV, and name that file in `table`",
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "is a workbook of an old Excel, not text",
        "save the sheet as CSV, and name that file in `table`",
    ),
    (
        b"version https://git-lfs",
        "is a pointer of git-lfs, and its content has not been fetched",
        "fetch it: git lfs pull",
    ),
];

/// The encoding that people call `name`, such as `windows-1252`, `latin1` or `gbk`.
pub(super) fn encoding(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.as_bytes())
}

/// The bytes of a table in UTF-8 without a byte order mark, where one of them or `declared` says how they are encoded;
/// otherwise as they are.
///
/// # Errors
/// Where they are not in that encoding, or are the start of a file that is no table.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    declared: Option<&'static Encoding>,
) -> Result<Cow<'a, [u8]>, TableProblem> {
    for (start, reason, help) in NO_TABLES {
        if bytes.starts_with(start) {
            return Err(TableProblem::new(reason, help));
        }
    }
    if bytes.starts_with(parquet_table::START) {
        let text = parquet_table::csv(bytes);
        let help = "write it as CSV, such as with pandas: read_parquet(...).to_csv(...)";
        return text
            .map(Cow::Owned)
            .map_err(|reason| TableProblem::new(&reason, help));
    }
    let marked = Encoding::for_bom(bytes);
    let bytes = marked.map_or(bytes, |(_, mark)| &bytes[mark..]);
    let Some(encoding) = marked.map(|(encoding, _)| encoding).or(declared) else {
        return match bytes {
            [0, 1..=255, ..] => Err(without_mark("utf-16be")),
            [1..=255, 0, ..] => Err(without_mark("utf-16le")),
            _ => Ok(Cow::Borrowed(bytes)),
        };
    };
    // Rows of UTF-8 that are not UTF-8 are refused one by one.
    if encoding == encoding_rs::UTF_8 {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(most.unwrap_or(bytes.len()));
    match decoder
        .decode_to_string_without_replacement(bytes, &mut text, true)
        .0
    {
        DecoderResult::InputEmpty => Ok(Cow::Owned(text.into_bytes())),
        DecoderResult::Malformed(..) | DecoderResult::OutputFull => {
            let line = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let name = encoding.name();
            let help = match [UTF_16LE, UTF_16BE].contains(&encoding) {
                true => "the file is cut short or damaged: save it again, as UTF-8 if you can",
                false => "set `encoding` to the one it was saved in, or save it as UTF-8",
            };
            Err(TableProblem::new(
                format!("is not {name} in line {line}"),
                help,
            ))
        }
    }
}

fn without_mark(name: &str) -> TableProblem {
    TableProblem::new(
        "is UTF-16 without a byte order mark",
        format!("set encoding = \"{name}\", or save it as UTF-8"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn marks_and_declared_encodings_are_decoded() {
        let text = "datei;gefühl\r\n";
        let decoded = |bytes: &[u8], name: Option<&str>| {
            let declared = name.map(|name| encoding(name).unwrap());
            decode(bytes, declared).map(|text| String::from_utf8(text.into_owned()).unwrap())
        };
        let marked = format!("\u{feff}{text}");
        for bytes in [
            marked.clone().into_bytes(),
            utf_16(&marked, u16::to_le_bytes),
            utf_16(&marked, u16::to_be_bytes),
        ] {
            assert_eq!(decoded(&bytes, None).unwrap(), text);
            assert_eq!(decoded(&bytes, Some("latin1")).unwrap(), text);
        }
        let unmarked = utf_16(text, u16::to_le_bytes);
        assert_eq!(decoded(&unmarked, Some("utf-16le")).unwrap(), text);
        let told = decoded(&unmarked, None).unwrap_err();
        assert_eq!(
            told.help,
            "set encoding = \"utf-16le\", or save it as UTF-8"
        );
        assert_eq!(
            decoded(b"datei;gef\xfchl\r\n", Some("Latin1")).unwrap(),
            text
        );
        assert_eq!(decoded("datei;gefühl\r\n".as_bytes(), None).unwrap(), text);
    }

    #[test]
    fn bytes_of_another_encoding_are_an_error_at_their_line() {
        let mut bytes = utf_16("\u{feff}a,b\n1,2\n", u16::to_le_bytes);
        bytes.push(b'x');
        assert_eq!(
            decode(&bytes, None).unwrap_err().reason,
            "is not UTF-16LE in line 3"
        );
        let told = decode(b"a,b\n\xff\xff", encoding("shift_jis")).unwrap_err();
        assert_eq!(told.reason, "is not Shift_JIS in line 2");
        assert!(encoding("klingon").is_none());
    }

    #[test]
    fn files_that_are_no_tables_say_so() {
        for (start, reason, _) in NO_TABLES {
            assert_eq!(decode(start, None).unwrap_err().reason, reason);
        }
    }
}
