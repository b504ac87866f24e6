//! Numbers in sentences of the documents: `statements.tsv` says which source each is about, and they are compared.

use std::fs;
use std::path::Path;

use super::{documents, markdown};

/// Document, sentence with `{}` where its number is, source, what is around the number there, and what that is to be
/// multiplied by if not by 1; separated by tabs.
const STATEMENTS: &str = include_str!("statements.tsv");

/// The number that stands at `{}` of `pattern` in `text`.
fn found<'t>(text: &'t str, pattern: &str) -> Option<&'t str> {
    let (before, after) = pattern.split_once("{}")?;
    let mut rests = text
        .match_indices(before)
        .map(|(at, _)| &text[at + before.len()..]);
    rests.find_map(|rest| {
        let length = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '_'));
        let number = &rest[..length.unwrap_or(rest.len())];
        // A comma or a stop may be that of the sentence.
        let cut = number.trim_end_matches([',', '.']);
        let fits = |number: &&str| !number.is_empty() && rest[number.len()..].starts_with(after);
        [number, cut].into_iter().find(fits)
    })
}

/// Whether two numbers are the same, the second times `scale`; separators of thousands do not count.
fn same(told: &str, real: &str, scale: f64) -> bool {
    let plain = |number: &str| number.replace([',', '_'], "");
    let (told, real) = (plain(told), plain(real));
    match (told.parse::<f64>(), real.parse::<f64>()) {
        (Ok(told), Ok(real)) => (told - real * scale).abs() <= 1e-9 * told.abs(),
        _ => told == real,
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn numbers_in_sentences_are_those_of_the_sources() {
    let documents = documents();
    let mut wrong = Vec::new();
    for line in STATEMENTS.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [document, sentence, source, text] = cells[..4] else {
            panic!("not four cells: {line}");
        };
        let scale = cells.get(4).map_or(1.0, |scale| scale.parse().unwrap());
        let code = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(source)).unwrap();
        let (prose, code) = (in_one_line(&documents[document]), in_one_line(&code));
        let (told, real) = (found(&prose, sentence), found(&code, text));
        if !told
            .zip(real)
            .is_some_and(|(told, real)| same(told, real, scale))
        {
            wrong.push(format!(
                "{document}: `{sentence}` is {told:?}, and `{text}` of {source} is {real:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_of_the_tutorial_are_those_that_it_shows() {
    let text = &documents()["docs/tutorial.md"];
    let blocks = markdown::blocks(text).unwrap();
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let numbers = |text: &str| -> Vec<String> {
        let parts = text
            .split(|c: char| !is_digit(c))
            .map(|part| part.trim_matches('.'));
        parts
            .filter(|part| !part.is_empty())
            .map(String::from)
            .collect()
    };
    let shown: Vec<String> = blocks
        .iter()
        .flat_map(|block| numbers(&block.text))
        .collect();
    for (line, prose) in markdown::prose(text) {
        for number in numbers(prose) {
            assert!(
                shown.contains(&number),
                "line {line}: {number} is in no block"
            );
        }
    }
}

#[test]
fn a_number_is_found_between_what_is_around_it() {
    let draws = found("up to 1,000 draws, or 20.", "up to {} draws");
    assert_eq!(draws, Some("1,000"));
    assert_eq!(found("Rust 1.89, or newer", "Rust {}, or"), Some("1.89"));
    assert_eq!(found("up to ten draws", "up to {} draws"), None);
    assert!(same("1,000", "1_000", 1.0) && same("0.50", "0.5", 1.0) && same("95", "0.95", 100.0));
    assert!(same("0.13.0", "0.13.0", 1.0) && !same("0.13.0", "0.14.0", 1.0));
    assert!(!same("1.89", "1.90", 1.0));
}
