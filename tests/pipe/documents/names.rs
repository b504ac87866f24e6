//! Links and names in the documents: what they lead to and what they call is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::markdown::prose;
use super::{documents, folder};

/// Words in code spans that are of other programs or of nobody, one a line.
const OUTSIDE: &str = include_str!("outside_words.txt");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The code spans of a line.
fn spans(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The targets of links of a line.
fn links(line: &str) -> Vec<&str> {
    let starts = line.match_indices("](").map(|(at, _)| &line[at + 2..]);
    starts.filter_map(|rest| rest.split(')').next()).collect()
}

/// What a heading is called in addresses.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_lead_somewhere() {
    let documents = documents();
    let anchors = |name: &str| -> BTreeSet<String> {
        let lines = prose(&documents[name]).into_iter();
        lines
            .filter(|(_, line)| line.starts_with('#'))
            .map(|(_, line)| anchor(line))
            .collect()
    };
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (name, text) in &documents {
        for (line, prose) in prose(text) {
            for link in links(prose)
                .into_iter()
                .filter(|link| !link.contains("://"))
            {
                count += 1;
                let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
                let target = match path {
                    "" => name.clone(),
                    path => normal(&Path::new(name).parent().unwrap().join(path)),
                };
                let there = folder().join(&target).exists() || root().join(&target).exists();
                let is_heading = fragment.is_empty()
                    || documents.contains_key(&target) && anchors(&target).contains(fragment);
                if !there || !is_heading {
                    wrong.push(format!("{name}, line {line}: {link}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty() && count > 50,
        "of {count} links:\n{}",
        wrong.join("\n")
    );
}

/// A path without `..`.
fn normal(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.iter().map(|part| part.to_str().unwrap()) {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_document_is_in_the_index() {
    let documents = documents();
    let index = &documents["docs/README.md"];
    let names = documents
        .keys()
        .filter_map(|name| name.strip_prefix("docs/"));
    let missing: Vec<&str> = names
        .filter(|name| *name != "README.md" && !index.contains(&format!("]({name})")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/README.md does not link {missing:?}"
    );
}

/// Words of the sources.
fn vocabulary() -> BTreeSet<String> {
    let mut words: BTreeSet<String> = OUTSIDE.lines().map(str::to_lowercase).collect();
    let own: PathBuf = root().join("tests/pipe/documents");
    for part in [
        "crates",
        "src",
        "tests",
        "pipelines",
        "benches",
        "scripts",
        "fuzz",
        ".ci",
        ".github",
        ".cargo",
    ] {
        let entries = walkdir::WalkDir::new(root().join(part)).into_iter();
        let entries =
            entries.filter_entry(|entry| entry.path() != own && entry.file_name() != "target");
        for entry in entries.map(Result::unwrap) {
            let name = entry.file_name().to_string_lossy().into_owned();
            words.extend(words_of(&name));
            if entry.file_type().is_file()
                && !name.ends_with(".md")
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                words.extend(words_of(&text));
            }
        }
    }
    for file in [
        "corpora.toml",
        "Cargo.toml",
        "clippy.toml",
        "deny.toml",
        "cache/README.md",
    ] {
        words.extend(words_of(file));
        words.extend(words_of(&fs::read_to_string(root().join(file)).unwrap()));
    }
    words
}

fn words_of(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| word.len() > 2 && word.contains(|c: char| c.is_ascii_alphabetic()))
        .map(str::to_lowercase)
}

/// Whether a word is in the vocabulary; what ends in `_` stands for all words that begin so.
fn is_known(word: &str, vocabulary: &BTreeSet<String>) -> bool {
    let from = (Bound::Included(word), Bound::Unbounded);
    let next = vocabulary.range::<str, _>(from).next();
    next.is_some_and(|next| next == word || word.ends_with('_') && next.starts_with(word))
}

#[test]
fn names_are_those_of_the_program() {
    let vocabulary = vocabulary();
    let documents = documents();
    let words_of_documents: BTreeSet<String> =
        documents.keys().flat_map(|name| words_of(name)).collect();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (name, text) in &documents {
        for (line, prose) in prose(text) {
            for span in spans(prose) {
                let unknown = words_of(span).filter(|word| {
                    !is_known(word, &vocabulary) && !words_of_documents.contains(word)
                });
                wrong.extend(unknown.map(|word| {
                    format!("{name}, line {line}: `{word}` of `{span}` is in no source")
                }));
                count += 1;
            }
        }
    }
    assert!(
        wrong.is_empty() && count > 500,
        "of {count} names:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn paths_are_there() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    let tops = [
        "docs/",
        "src/",
        "crates/",
        "tests/",
        "benches/",
        "pipelines/",
        "scripts/",
        "fuzz/",
        ".ci/",
        ".github/",
    ];
    for (name, text) in &documents() {
        for (line, prose) in prose(text) {
            for span in spans(prose) {
                let is_path = tops.iter().any(|top| span.starts_with(top));
                let is_pattern = span.contains(|c: char| {
                    c == '<' || c == '{' || c.is_whitespace() || c.is_ascii_uppercase()
                });
                if !is_path || is_pattern && !span.ends_with("README.md") {
                    continue;
                }
                count += 1;
                if !root().join(span).exists() && !folder().join(span).exists() {
                    wrong.push(format!("{name}, line {line}: {span}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty() && count > 50,
        "of {count} paths:\n{}",
        wrong.join("\n")
    );
}

/// What `pipe SUBCOMMAND --help` says.
fn help(subcommand: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pipe"))
        .args(subcommand)
        .arg("--help")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn subcommands_have_the_options_that_are_named() {
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (name, text) in &documents() {
        for (line, prose) in prose(text) {
            for span in spans(prose) {
                let Some(words) = span.strip_prefix("pipe ") else {
                    continue;
                };
                let words: Vec<&str> = words.split_whitespace().collect();
                let is_name = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase());
                let Some(subcommand) = words.first().filter(is_name) else {
                    continue;
                };
                let mut path = vec![*subcommand];
                if ["cache", "bundle"].contains(subcommand) || words.get(1) == Some(&"add") {
                    path.extend(words.get(1).filter(is_name));
                }
                let help = helps.entry(path.join(" ")).or_insert_with(|| help(&path));
                count += 1;
                if help.is_empty() {
                    wrong.push(format!(
                        "{name}, line {line}: there is no `pipe {}`",
                        path.join(" ")
                    ));
                }
                for option in words.iter().filter(|word| word.starts_with("--")) {
                    let option = option.trim_end_matches([',', '.', ')']);
                    let option = option.split(['=', '\u{a0}']).next().unwrap_or(option);
                    if !help.contains(&format!("{option} "))
                        && !help.contains(&format!("{option}\n"))
                    {
                        wrong.push(format!(
                            "{name}, line {line}: `pipe {}` has no {option}",
                            path.join(" ")
                        ));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty() && count > 100,
        "of {count} commands:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn tests_are_there_by_the_names_that_are_given() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    let documents = documents();
    // Elsewhere, such names are codes of diagnostics.
    for name in ["docs/trust.md", "docs/engine.md", "docs/cluster.md"] {
        for (line, prose) in prose(&documents[name]) {
            for span in spans(prose) {
                let Some((module, test)) = span.split_once("::") else {
                    continue;
                };
                if test.contains("::") {
                    continue;
                }
                let path = root().join(format!("tests/pipe/{module}.rs"));
                let Ok(source) = fs::read_to_string(path) else {
                    continue;
                };
                count += 1;
                let start = test.trim_end_matches('*');
                if !source.contains(&format!("fn {start}")) {
                    wrong.push(format!("{name}, line {line}: {span}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty() && count > 50,
        "of {count} tests:\n{}",
        wrong.join("\n")
    );
}
