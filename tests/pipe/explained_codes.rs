//! Every code of an error has an entry in `docs/errors/`, every entry is of a code, and `pipe explain` prints them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pipe::explain::{Entry, families};

use super::permission::{Configuration, at_a_terminal};
use super::workspace::{Workspace, lines_of_json};

fn is_of_tests(path: &Path) -> bool {
    let parts = path.iter().filter_map(|part| part.to_str());
    let mut parts = parts.map(|part| part.trim_end_matches(".rs"));
    parts.any(|part| part.ends_with("tests") || ["test_support", "examples"].contains(&part))
}

/// Whether a text has the form of a code: words of small letters with `::` between them.
fn is_code(text: &str) -> bool {
    let is_word = |word: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(plain)
    };
    text.contains("::") && text.split("::").all(is_word)
}

/// The codes in a source file: in `code(...)` of derived diagnostics, and in strings that are nothing else.
fn codes_in(text: &str) -> BTreeSet<String> {
    let of_derived = text.split("code(").skip(1);
    let of_derived = of_derived.filter_map(|rest| rest.split_once(')'));
    let derived = of_derived.map(|(code, _)| code.trim());
    let written = text.split('"').skip(1);
    let found = derived.chain(written).filter(|text| is_code(text));
    found.map(str::to_owned).collect()
}

/// The codes of all errors, as the sources have them.
fn codes() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut codes = BTreeSet::new();
    for folder in ["src", "crates"] {
        for entry in walkdir::WalkDir::new(root.join(folder)) {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(root).unwrap();
            let is_source = path.extension().is_some_and(|end| end == "rs");
            if is_source && !is_of_tests(path) {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                codes.extend(codes_in(code));
            }
        }
    }
    codes
}

fn entries() -> Vec<Entry> {
    families().flat_map(|family| family.entries).collect()
}

#[test]
fn codes_are_found_however_they_are_written() {
    let text = "#[diagnostic(code(a::b_c), help(\"d\"))]\n#[diagnostic(\n code(\n a::d\n ),\n)]\nDiagnostic::new(\"e::f\", \"no g::h\")\ncode: \"e::f::g\",";
    let found: Vec<String> = codes_in(text).into_iter().collect();
    assert_eq!(found, ["a::b_c", "a::d", "e::f", "e::f::g"]);
}

#[test]
fn every_code_has_an_entry_and_every_entry_is_of_a_code() {
    let codes = codes();
    assert!(codes.len() > 300, "{}", codes.len());
    let explained: BTreeSet<String> = entries().iter().map(|entry| entry.code.into()).collect();
    let missing: Vec<_> = codes.difference(&explained).collect();
    assert!(missing.is_empty(), "add to docs/errors: {missing:?}");
    let gone: Vec<_> = explained.difference(&codes).collect();
    assert!(gone.is_empty(), "no error has these codes: {gone:?}");
}

#[test]
fn every_file_is_read_and_every_entry_has_its_parts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    let files = std::fs::read_dir(&folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let read: Vec<PathBuf> = families()
        .map(|family| folder.join(family.name).with_extension("md"))
        .collect();
    assert_eq!(files, read);
    for family in families() {
        let path = folder.join(family.name).with_extension("md");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(&format!("# {}\n\n", family.name)));
        let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
        let headings: Vec<&str> = headings.collect();
        let codes: Vec<&str> = family.entries.iter().map(|entry| entry.code).collect();
        assert_eq!(headings, codes, "an entry lacks a part");
        assert!(codes.is_sorted() && !codes.is_empty(), "{codes:?}");
        assert!(codes.len() == 1 || family.about.ends_with('.'), "{codes:?}");
        for entry in &family.entries {
            let code = entry.code;
            assert!(code.starts_with(&format!("{}::", family.name)), "{code}");
            for part in [entry.meaning, entry.what_to_do] {
                assert!(part.len() > 20 && part.ends_with('.'), "{code}: {part}");
                assert!(!part.contains(['\n', '#']), "{code}: {part}");
            }
            // Whatever ends within code is no sentence.
            assert_eq!(entry.summary().matches('`').count() % 2, 0, "{code}");
            assert!(!entry.example.trim().is_empty(), "{code}");
            assert!(
                entry
                    .example
                    .lines()
                    .all(|line| line.chars().count() <= 110)
            );
            let languages = ["toml", "sh", "text", "csv", "json", "python"];
            assert!(languages.contains(&entry.language), "{code}");
        }
    }
}

#[test]
fn a_code_is_explained() {
    let space = Workspace::new();
    let code = "manifest::unknown_key";
    insta::assert_snapshot!("explained", space.stdout(&["explain", code]));
    let json = lines_of_json(&space.stdout(&["explain", code, "--json"]));
    assert_eq!(json.len(), 1);
    assert_eq!(
        (&json[0]["event"], &json[0]["code"]),
        (&"explanation".into(), &code.into())
    );
    for part in ["meaning", "example", "language", "what_to_do"] {
        assert!(json[0][part].as_str().is_some_and(|text| !text.is_empty()));
    }
    let without_family = space.stdout(&["explain", "too_many_bad"]);
    assert_eq!(
        without_family,
        space.stdout(&["explain", "items::too_many_bad"])
    );
}

#[test]
fn codes_are_listed() {
    let space = Workspace::new();
    insta::assert_snapshot!("explained_family", space.stdout(&["explain", "cache"]));
    let all = space.stdout(&["explain"]);
    let lines: BTreeSet<&str> = all.lines().map(str::trim).collect();
    let json = lines_of_json(&space.stdout(&["explain", "--json"]));
    assert_eq!(json.len(), entries().len());
    for entry in entries() {
        assert!(lines.contains(entry.code), "{}", entry.code);
    }
}

#[test]
fn a_code_that_is_not_there_is_told_with_the_nearest() {
    let space = Workspace::new();
    for (name, told) in [
        (
            "manifest::unknwon_key",
            "did you mean `manifest::unknown_key`?",
        ),
        (
            "unknown_key",
            "several codes end so: `configuration::unknown_key`",
        ),
        ("nothing::like::it", "`pipe explain` lists all codes"),
    ] {
        let error = space.refused(&["explain", name]);
        assert!(error.contains(told), "{name}: {error}");
    }
}

#[test]
fn on_a_terminal_errors_end_with_the_command_that_explains_them() {
    let (space, user) = (Workspace::with_corpus(3), Configuration::empty());
    let hint = "for more: pipe explain manifest::unreadable";
    let (shown, code) = at_a_terminal(&user, &space, "run absent.toml", "");
    assert!(shown.trim_end().ends_with(hint), "{shown}");
    assert_eq!(code, 2, "{shown}");
    assert!(!space.refused(&["run", "absent.toml"]).contains("for more"));
    for index in 0..3 {
        space.write(&format!("corpora/made/audio/{index:04}.wav"), "no audio");
    }
    let (shown, code) = at_a_terminal(&user, &space, "run pipe.toml --allow-commands", "");
    assert!(
        shown.contains("for more: pipe explain items::too_many_bad"),
        "{shown}"
    );
    assert_eq!(code, 1, "{shown}");
}
