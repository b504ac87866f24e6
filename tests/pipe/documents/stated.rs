//! Numbers in sentences of the documents: `statements.tsv` says which source each is about, and they are compared.

use std::fs;
use std::path::Path;

use super::documents;

/// Document, sentence with `{}` where its number is, source, and what is around the number there, separated by tabs.
const STATEMENTS: &str = include_str!("statements.tsv");

/// The numbers that stand at `{}` of `pattern` in `text`.
fn found<'t>(text: &'t str, pattern: &str) -> Option<&'t str> {
    let (before, after) = pattern.split_once("{}")?;
    let starts = text
        .match_indices(before)
        .map(|(at, _)| &text[at + before.len()..]);
    starts.into_iter().find_map(|rest| {
        let length = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '_'));
        let number = &rest[..length.unwrap_or(rest.len())];
        // A comma or a stop may be that of the sentence.
        let cut = number.trim_end_matches([',', '.']);
        let fits = |number: &&str| !number.is_empty() && rest[number.len()..].starts_with(after);
        [number, cut].into_iter().find(fits)
    })
}

/// A number without separators of thousands, and without zeros behind the point.
fn plain(number: &str) -> String {
    let number = number.replace([',', '_'], "");
    match number.split_once('.') {
        Some((whole, part)) if part.trim_end_matches('0').is_empty() => whole.to_string(),
        _ => number,
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn numbers_in_sentences_are_those_of_the_sources() {
    let documents = documents();
    let mut wrong = Vec::new();
    for line in STATEMENTS.lines().filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [document, sentence, source, text] = cells[..] else {
            panic!("not four cells: {line}");
        };
        let code = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(source)).unwrap();
        let told = found(&in_one_line(&documents[document]), sentence).map(plain);
        let real = found(&in_one_line(&code), text).map(plain);
        if told.is_none() || told != real {
            wrong.push(format!(
                "{document}: `{sentence}` is {told:?}, and `{text}` of {source} is {real:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_number_is_found_between_what_is_around_it() {
    assert_eq!(
        found("up to 1,000 draws, or 20.", "up to {} draws"),
        Some("1,000")
    );
    assert_eq!(found("Rust 1.89, or newer", "Rust {}, or"), Some("1.89"));
    assert_eq!(found("or 20.", "or {}"), Some("20."));
    assert_eq!(found("up to ten draws", "up to {} draws"), None);
    assert_eq!(
        (plain("1_000"), plain("20.0"), plain("0.50")),
        ("1000".into(), "20".into(), "0.50".into())
    );
}
