//! TOML's own errors, reported with what was expected at the place.

use std::cell::OnceCell;
use std::collections::HashMap;

use toml::de::Error;

use crate::source::Source;

use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;

/// The parser's errors as problems.
pub fn diagnostics(source: &Source, errors: &[Error]) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let lines = Lines::new(source.text());
    // Below the second header of a table every key is a duplicate too; the header says it all.
    let mut below_duplicate = 0..0;
    for error in errors {
        let range = error.span().unwrap_or(0..0);
        let place = source.place(range.clone());
        let message = error.message().lines().next().unwrap_or("wrong syntax");
        let diagnostic = |message: String| Diagnostic::new("manifest::syntax", message);
        if message == "duplicate key" {
            if below_duplicate.contains(&range.start) {
                continue;
            }
            let name = source.text().get(range.clone()).unwrap_or_default();
            let header = lines.header_at(range.start);
            let (label, help) = match header {
                Some(header) => {
                    below_duplicate = range.start..next_header(source.text(), range.start);
                    let first = lines.first_with(header);
                    (
                        format!("already defined on line {first}"),
                        "rename one of them, or merge them",
                    )
                }
                None => ("the second one".into(), "remove one of them"),
            };
            diagnostics.push(
                diagnostic(format!("`{name}` is defined twice"))
                    .at(&place, label)
                    .help(help),
            );
            continue;
        }
        if let Some(word) = bare_word(source.text(), range.start) {
            diagnostics.push(
                diagnostic(format!("`{word}` is not in quotes"))
                    .at(&place, "text stands in quotes")
                    .help(format!("write \"{word}\"")),
            );
            continue;
        }
        let (message, label) = match message.split_once(", expected ") {
            Some((message, expected)) => (message, format!("expected {expected}")),
            None => (message, "the parser stopped here".into()),
        };
        diagnostics.push(diagnostic(format!("invalid TOML: {message}")).at(&place, label));
    }
    diagnostics
}

/// The lines of a text, found without going through all of it for every error.
struct Lines<'a> {
    text: &'a str,
    /// Where each line starts.
    starts: OnceCell<Vec<usize>>,
    /// The number of the first line, from 1, with each header.
    headers: OnceCell<HashMap<&'a str, usize>>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            starts: OnceCell::new(),
            headers: OnceCell::new(),
        }
    }

    /// The header line that `position` is in.
    fn header_at(&self, position: usize) -> Option<&'a str> {
        let starts = self.starts.get_or_init(|| {
            let breaks = self.text.match_indices('\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(breaks).collect()
        });
        let after = starts.partition_point(|&start| start <= position);
        let start = *starts.get(after.checked_sub(1)?)?;
        let bytes = self.text.as_bytes().get(start..)?;
        // The start of a line of any length decides.
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
        if *first != b'[' {
            return None;
        }
        let end = starts.get(after).copied().unwrap_or(self.text.len());
        self.text.get(start..end).map(str::trim)
    }

    /// Number of the first line that is this header, from 1.
    fn first_with(&self, header: &str) -> usize {
        let headers = self.headers.get_or_init(|| {
            let mut headers = HashMap::new();
            for (index, line) in self.text.lines().enumerate() {
                let header = without_comment(line);
                if header.starts_with('[') {
                    headers.entry(header).or_insert(index + 1);
                }
            }
            headers
        });
        headers.get(without_comment(header)).copied().unwrap_or(1)
    }
}

/// The word at a position that stands where a value does, and is none.
fn bare_word(text: &str, position: usize) -> Option<&str> {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let before = text.get(..position)?.trim_end_matches(is_of_word);
    let word = text.get(before.len()..)?;
    let word = word.split(|c| !is_of_word(c)).next()?;
    let line = before.rsplit('\n').next()?.trim();
    let is_header = !line.is_empty() && line.chars().all(|c| c == '[');
    let is_value = !is_header && before.trim_end().ends_with(['=', '[', ',']);
    (is_value && word.starts_with(char::is_alphabetic)).then_some(word)
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default().trim()
}

fn next_header(text: &str, position: usize) -> usize {
    let below = text.get(position..).unwrap_or_default();
    below.find("\n[").map_or(text.len(), |at| position + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_lack_quotes_are_found_where_values_stand() {
        for (text, word) in [
            ("kind = ingest\n", Some("ingest")),
            ("rates = [16000,\n  high]\n", Some("high")),
            ("path = data/made-up\n", Some("data/made-up")),
            ("[stage\nkind = 1\n", None),
            ("x = 1 two\n", None),
            ("x = \"a\nb\"\n", None),
        ] {
            let mut errors = Vec::new();
            toml::de::DeTable::parse_recoverable(text)
                .1
                .into_iter()
                .for_each(|error| errors.push(error));
            let range = errors[0].span().unwrap();
            assert_eq!(bare_word(text, range.start), word, "{text}: {range:?}");
        }
    }
}
