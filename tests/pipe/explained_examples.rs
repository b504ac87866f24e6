//! The examples in `docs/errors/` are true: whole manifests fail with their code, keys and options exist, and so do files of
//! the documentation that entries name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe::explain::{Entry, families};
use serde_json::Value as Json;

use super::workspace::{Workspace, lines_of_json};

fn entries() -> impl Iterator<Item = Entry> {
    families().flat_map(|family| family.entries)
}

/// The codes of what `pipe plan` finds wrong with a manifest: in the manifest itself, or foreseen of a step.
fn codes_of(manifest: &str) -> Vec<String> {
    let space = Workspace::with_manifest("pipeline.toml", manifest);
    let output = space.pipe(&["plan", "pipeline.toml", "--json"]);
    let told = lines_of_json(&String::from_utf8(output.stdout).unwrap());
    let errors = told.iter().filter_map(|line| line["errors"].as_array());
    let foreseen = told.iter().map(|line| &line["forecast"]);
    let codes = errors.flatten().chain(foreseen);
    let codes = codes.filter_map(|error| error["code"].as_str());
    codes.map(str::to_owned).collect()
}

#[test]
fn whole_manifests_fail_with_their_code_alone() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for entry in entries().filter(|entry| entry.is_manifest) {
        tried += 1;
        let codes = codes_of(entry.example);
        if codes.is_empty() || codes.iter().any(|code| code != entry.code) {
            wrong.push((entry.code, codes));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(tried > 30, "{tried}");
}

/// Keys of stages, by kind.
fn keys_of_kinds(space: &Workspace) -> BTreeMap<String, BTreeSet<String>> {
    let schema: Json = serde_json::from_str(&space.stdout(&["schema", "--json"])).unwrap();
    let stages = &schema["properties"]["stage"]["additionalProperties"]["allOf"];
    let keys = |stage: &Json| {
        let properties = stage["then"]["properties"].as_object().unwrap();
        let kind = properties["kind"]["const"].as_str().unwrap().to_owned();
        (kind, properties.keys().cloned().collect())
    };
    stages.as_array().unwrap().iter().map(keys).collect()
}

#[test]
fn stages_in_examples_have_keys_that_exist() {
    let known = keys_of_kinds(&Workspace::new());
    let mut stages = 0;
    let not_toml = ["manifest::syntax"];
    let of_toml = entries().filter(|entry| entry.language == "toml");
    for entry in of_toml.filter(|entry| !not_toml.contains(&entry.code)) {
        let code = entry.code;
        let example: toml::Table = entry
            .example
            .parse()
            .unwrap_or_else(|error| panic!("{code}: {error}"));
        let tables = example.get("stage").and_then(toml::Value::as_table);
        for table in tables.into_iter().flat_map(toml::Table::values) {
            let Some(kind) = table.get("kind").and_then(toml::Value::as_str) else {
                continue;
            };
            let Some(keys) = known.get(kind) else {
                assert_eq!(code, "manifest::unknown_kind");
                continue;
            };
            stages += 1;
            for key in table.as_table().unwrap().keys() {
                assert!(
                    keys.contains(key) || code == "manifest::unknown_key",
                    "{code}: {kind} has no `{key}`"
                );
            }
        }
    }
    assert!(stages > 100, "{stages}");
}

/// What follows `pipe` in the commands of an entry: lines of its example, and what stands between backticks.
fn commands(entry: &Entry) -> Vec<String> {
    let text = [entry.meaning, entry.what_to_do].join(" ");
    let between = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let lines = entry.example.lines().filter(|_| entry.language == "sh");
    let parts = lines.flat_map(|line| {
        line.split(" #")
            .take(1)
            .flat_map(|line| line.split([';', '|', '&']))
    });
    let parts = parts.map(|part| part.trim().to_owned());
    let after_pipe = |part: String| {
        let words: Vec<&str> = part.split_whitespace().collect();
        let at = words
            .iter()
            .position(|word| *word == "pipe" || word.ends_with("/pipe"))?;
        (words.len() > at + 1).then(|| words[at + 1..].join(" "))
    };
    between.chain(parts).filter_map(after_pipe).collect()
}

#[test]
fn commands_in_entries_have_subcommands_and_options_that_exist() {
    let space = Workspace::new();
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    let mut help = |words: &[&str]| {
        let name = words.join(" ");
        let found = helps
            .entry(name)
            .or_insert_with(|| space.stdout(&[words, &["--help"]].concat()));
        found.clone()
    };
    let mut tried = 0;
    for entry in entries() {
        for command in commands(&entry) {
            let words: Vec<&str> = command.split_whitespace().collect();
            if words[0] == "COMMAND" {
                continue;
            }
            let depth = match words[0] {
                "bundle" | "cache" => 2,
                "corpora" if words.get(1) == Some(&"add") => 2,
                _ => 1,
            };
            let help = help(&words[..depth]);
            tried += 1;
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let option = option.split('=').next().unwrap();
                assert!(help.contains(option), "{}: pipe {command}", entry.code);
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn documents_that_entries_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for family in families() {
        let texts = family
            .entries
            .iter()
            .flat_map(|entry| [entry.meaning, entry.what_to_do]);
        for text in texts.chain([family.about]) {
            for word in text.split(|c: char| c.is_whitespace() || c == ';' || c == ',') {
                let word = word.trim_end_matches(['.', ':']);
                if word.starts_with("docs/") {
                    named += 1;
                    assert!(root.join(word).is_file(), "{word}");
                }
            }
        }
    }
    assert!(named > 20, "{named}");
}
