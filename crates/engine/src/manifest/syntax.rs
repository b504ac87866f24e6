//! TOML's own errors, reported with what was expected at the place.

use toml::de::Error;

use crate::source::Source;

use super::diagnostic::{Diagnostic, Diagnostics};

/// The parser's errors as problems.
pub fn diagnostics(source: &Source, errors: &[Error]) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
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
            let header = header_at(source.text(), range.start);
            let (label, help) = match header {
                Some(header) => {
                    below_duplicate = range.start..next_header(source.text(), range.start);
                    let first = line_of(source.text(), header);
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
        let (message, label) = match message.split_once(", expected ") {
            Some((message, expected)) => (message, format!("expected {expected}")),
            None => (message, "the parser stopped here".into()),
        };
        diagnostics.push(diagnostic(format!("invalid TOML: {message}")).at(&place, label));
    }
    diagnostics
}

/// The header line that `position` is in.
fn header_at(text: &str, position: usize) -> Option<&str> {
    let start = text.get(..position)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.lines().next()?.trim();
    line.starts_with('[').then_some(line)
}

/// Number of the first line that is this header, from 1.
fn line_of(text: &str, header: &str) -> usize {
    let plain = |line: &str| {
        line.split('#')
            .next()
            .unwrap_or_default()
            .trim()
            .to_string()
    };
    let found = text.lines().position(|line| plain(line) == plain(header));
    found.map_or(1, |index| index + 1)
}

fn next_header(text: &str, position: usize) -> usize {
    let below = text.get(position..).unwrap_or_default();
    below.find("\n[").map_or(text.len(), |at| position + at)
}
