//! Which parameters of a command go together.

use std::path::{Component, Path};

use pipe_engine::manifest::Diagnostic;
use serde_json::{Map, Value as Json};

use crate::byte_size::parse_bytes;

use super::placeholders::{DEVICES, THREADS};

/// Placeholders that are not inputs.
const RESERVED: [&str; 5] = ["input", "output", "out", THREADS, DEVICES];

/// Checks names of inputs and outputs, and what cannot be used with or without `for_each`.
pub fn validate(parameters: &Map<String, Json>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut refuse = |path: &str, message: &str, label: &str, help: &str| {
        found.push(Diagnostic::of_value(path, message, label).help(help));
    };
    let per_item = parameters.contains_key("for_each");
    // What is wrong in itself is absent here, and reported already.
    let outputs = parameters.get("outputs").and_then(Json::as_array);
    let inputs = parameters.get("inputs").and_then(Json::as_object);
    let makes = parameters.get("makes").and_then(Json::as_str);
    if per_item {
        if outputs.is_some_and(|list| !list.is_empty()) {
            refuse(
                "outputs",
                "`outputs` cannot be used with `for_each`",
                "the program writes one result for each item",
                "remove `outputs`; the program writes to {output}",
            );
        }
        if inputs.is_some_and(|inputs| !inputs.is_empty()) {
            refuse(
                "inputs",
                "`inputs` cannot be used with `for_each`",
                "the program gets one item at a time",
                "remove `inputs`; the program reads {input}",
            );
        }
    } else {
        if outputs.is_some_and(Vec::is_empty) {
            refuse(
                "outputs",
                "the command declares no outputs",
                "`outputs` is missing",
                "name the files that the program writes into {out}: outputs = [\"result.json\"]",
            );
        }
        if makes.is_some_and(|makes| makes != "files") {
            refuse(
                "makes",
                "only a command with `for_each` can make items",
                "this command runs once, so it makes files",
                "add for_each = \"stage\", or remove `makes`",
            );
        }
    }
    for (index, output) in outputs.into_iter().flatten().enumerate() {
        let path = Path::new(output.as_str().unwrap_or_default());
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if path.components().next().is_none() || !path.components().all(plain) {
            refuse(
                &format!("outputs.{index}"),
                &format!("{output} is not a valid output name"),
                "expected a path within {out}",
                "use a file name such as \"result.json\" or \"tables/result.json\"",
            );
        }
    }
    for name in inputs.into_iter().flatten().map(|(name, _)| name) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            refuse(
                &format!("inputs.{name}"),
                &format!("{name:?} is not a valid input name"),
                "expected a name of letters, digits, `_` and `-`",
                "the program refers to the input as {name}",
            );
        } else if RESERVED.contains(&name.as_str()) {
            refuse(
                &format!("inputs.{name}"),
                &format!("`{name}` is not a valid input name"),
                &format!("{{{name}}} is reserved"),
                "choose another name for the input",
            );
        }
    }
    if let Some(memory) = parameters.get("memory").and_then(Json::as_str)
        && let Err(expected) = parse_bytes(memory)
    {
        let help = "give what one run of the program needs";
        refuse(
            "memory",
            &format!("`memory` is not a size: {memory:?}"),
            &expected,
            help,
        );
    }
    if per_item && parameters.contains_key("items") {
        refuse(
            "items",
            "`items` has no meaning with `for_each`",
            "the program gets one item at a time",
            "remove `items`; the program reads {input}",
        );
    }
    for name in [THREADS, DEVICES] {
        if !parameters.contains_key(name) && stands_in(parameters, name) {
            refuse(
                "run",
                &format!("{{{name}}} is not available here"),
                &format!("`{name}` is not set"),
                &format!("add {name} = 1 or more: what the program can use"),
            );
        }
    }
    if let Some(control) = control_character(parameters) {
        refuse(
            "run",
            &format!(
                "`run` contains the control character U+{:04X}",
                u32::from(control)
            ),
            "a terminal would obey it instead of showing it, so that nobody sees what is run",
            "remove it; where the program needs it, write it as its shell or language does, such as \\033",
        );
    }
    let by_lines = parameters.contains_key("protocol");
    if by_lines && !per_item {
        refuse(
            "protocol",
            "`protocol` has no meaning without `for_each`",
            "this command runs once",
            "add for_each = \"stage\", or remove `protocol`",
        );
    }
    if parameters.contains_key("batch") && !by_lines {
        refuse(
            "batch",
            "`batch` has no meaning without `protocol`",
            "this program gets one item",
            "add protocol = \"lines\", or remove `batch`",
        );
    }
    if parameters.contains_key("licence") && !per_item {
        refuse(
            "licence",
            "`licence` has no meaning without `for_each`",
            "no model learns from what this command makes",
            "remove `licence`",
        );
    }
    for name in ["input", "output"] {
        if by_lines && per_item && stands_in(parameters, name) {
            refuse(
                "run",
                &format!("{{{name}}} is not available with `protocol`"),
                "this program is started once for many items",
                "remove it: the program gets the paths in a line of JSON for each item",
            );
        }
    }
    let absent: &[&str] = if per_item {
        &["out"]
    } else {
        &["input", "output"]
    };
    for name in absent {
        if stands_in(parameters, name) {
            refuse(
                "run",
                &format!("{{{name}}} is not available here"),
                if per_item {
                    "this command runs once per item"
                } else {
                    "this command runs once, on whole inputs"
                },
                if per_item {
                    "with `for_each`, the program reads {input} and writes {output}"
                } else {
                    "without `for_each`, the program reads the folders of `inputs` by name and writes into {out}"
                },
            );
        }
    }
    found
}

/// A control character in the command that is no line break and no tab.
fn control_character(parameters: &Map<String, Json>) -> Option<char> {
    let run = parameters.get("run")?;
    let parts = run.as_array().into_iter().flatten().chain([run]);
    let mut characters = parts.filter_map(Json::as_str).flat_map(str::chars);
    characters.find(|c| c.is_control() && !matches!(c, '\n' | '\t'))
}

/// Whether `{name}` stands in the command.
fn stands_in(parameters: &Map<String, Json>, name: &str) -> bool {
    let written = parameters.get("run").map(Json::to_string);
    let written = written.unwrap_or_default();
    written.contains(&format!("{{{name}}}")) && !written.contains(&format!("${{{name}}}"))
}
