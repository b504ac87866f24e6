//! Tables of the documents that list what the program has: limits, exit codes, subcommands, stage kinds, defaults, files of
//! the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use pipe_engine::manifest::Limits;
use serde_json::Value as Json;

use super::documents;

/// The rows of tables in a document, each a list of cells; `\|` is a character of a cell.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('|') && !line.starts_with("|--"));
    let cells = |line: &str| {
        let line = line.replace("\\|", "\u{1}");
        let inner = line.trim_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().replace('\u{1}', "|"))
            .collect()
    };
    lines.map(cells).collect()
}

/// The code spans of a cell.
pub fn spans(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn pipe(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipe"));
    let output = command
        .args(arguments)
        .env("COLUMNS", "1000")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn schema() -> Json {
    serde_json::from_str(&pipe(&["schema", "--json"])).unwrap()
}

#[test]
fn the_table_of_limits_is_that_of_the_program() {
    let number = |text: &str| -> u64 {
        let (value, unit) = text.split_once(' ').unwrap_or((text, ""));
        let value: u64 = value
            .replace(',', "")
            .parse()
            .unwrap_or_else(|_| panic!("{text}"));
        value * if unit == "MiB" { 1 << 20 } else { 1 }
    };
    let text = &documents()["docs/engine.md"];
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    let section = text
        .split("## Limits")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap()
        .to_string();
    for row in rows(&section).iter().skip(1) {
        let names = spans(&row[0]);
        let values: Vec<&str> = row[1].split(", ").collect();
        assert_eq!(names.len(), values.len(), "{row:?}");
        told.extend(
            names
                .iter()
                .map(|name| name.to_string())
                .zip(values.into_iter().map(number)),
        );
    }
    let limits = Limits::default().all();
    let real: BTreeMap<String, u64> = limits
        .iter()
        .map(|limit| (limit.name.to_string(), limit.most))
        .collect();
    assert_eq!(told, real);
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let help = pipe(&["--help"])
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let text = &documents()["docs/running.md"];
    let table = text.split("| exit code |").nth(1).unwrap();
    let mut codes = BTreeSet::new();
    for row in rows(table.split("\n\n").next().unwrap()) {
        let pair = format!("{} {}", row[0], row[1]);
        assert!(help.contains(&pair), "the help does not say `{pair}`");
        codes.insert(row[0].clone());
    }
    let after = help.split("Exit codes:").nth(1).unwrap();
    let told: BTreeSet<String> = after
        .split(", ")
        .filter_map(|part| part.trim().split(' ').next().map(String::from))
        .collect();
    let told: BTreeSet<String> = told
        .into_iter()
        .filter(|code| code.parse::<u8>().is_ok())
        .collect();
    assert_eq!(codes, told);
}

#[test]
fn every_subcommand_is_in_the_table_of_commands() {
    let help = pipe(&["--help"]);
    let list = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let names: BTreeSet<&str> = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let text = documents()["docs/running.md"].clone();
    let told: BTreeSet<String> = rows(&text)
        .iter()
        .flat_map(|row| {
            spans(&row[0])
                .into_iter()
                .filter_map(|span| {
                    span.strip_prefix("pipe ")?
                        .split(' ')
                        .next()
                        .map(String::from)
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let missing: Vec<&&str> = names
        .iter()
        .filter(|name| **name != "help" && !told.contains(**name))
        .collect();
    assert!(
        missing.is_empty() && names.len() > 15,
        "docs/running.md lacks {missing:?}"
    );
}

/// The kinds of stages with their schemas.
fn kinds() -> BTreeMap<String, Json> {
    let schema = schema();
    let mut kinds = BTreeMap::new();
    find_kinds(&schema, &mut kinds);
    kinds
}

/// Objects whose property `kind` is one word, wherever they are.
fn find_kinds(at: &Json, kinds: &mut BTreeMap<String, Json>) {
    match at {
        Json::Object(fields) => {
            if let Some(name) = fields
                .get("properties")
                .and_then(|own| own["kind"]["const"].as_str())
            {
                kinds.insert(name.to_string(), at.clone());
            }
            fields.values().for_each(|inner| find_kinds(inner, kinds));
        }
        Json::Array(list) => list.iter().for_each(|inner| find_kinds(inner, kinds)),
        _ => {}
    }
}

#[test]
fn the_table_of_stage_kinds_has_each_of_them() {
    let text = documents()["docs/manifest.md"].clone();
    let section = text
        .split("## Stage kinds")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let told: BTreeSet<String> = rows(section)
        .iter()
        .skip(1)
        .map(|row| spans(&row[0])[0].to_string())
        .collect();
    assert_eq!(told, kinds().into_keys().collect());
}

#[test]
fn defaults_are_those_of_the_program() {
    let kinds = kinds();
    let mut count = 0;
    for (name, text) in &documents() {
        for part in text.split("<!-- defaults of ").skip(1) {
            let (kind, rest) = part.split_once(" -->").unwrap();
            let properties = &kinds
                .get(kind)
                .unwrap_or_else(|| panic!("{name}: no kind {kind}"))["properties"];
            let table = rest.trim_start().split("\n\n").next().unwrap();
            for row in rows(table).iter().skip(1) {
                let parameter = spans(&row[0])[0];
                let default = match &properties[parameter]["default"] {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(row[1], default, "{name}: `{parameter}` of {kind}");
                count += 1;
            }
        }
    }
    assert!(count > 10, "{count}");
}
