//! TOML of the documents: whole manifests are planned, parts of one with what they lack, and entries of `corpora.toml` are
//! read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value as Json;

use super::markdown::{Block, How};
use super::project::Project;

/// Stages that parts of manifests refer to and do not show.
const FRAME: &str = include_str!("frame.toml");
/// Synthetic corpora in the place of those that documents name.
const CORPORA: &str = include_str!("corpora.toml");

/// Checks a block.
///
/// # Errors
/// What `pipe` says of it.
pub fn check(block: &Block, project: &Project) -> Result<(), String> {
    let text = &block.text;
    let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
    if ["corpus", "classes", "folder"]
        .iter()
        .any(|key| table.contains_key(*key))
    {
        return corpora(text, project);
    }
    manifest(text, &block.how, project)
}

/// Reads entries of `corpora.toml`; that their recordings are missing is no mistake.
fn corpora(text: &str, project: &Project) -> Result<(), String> {
    let folder = project.root().join("documents");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let file = folder.join("corpora.toml");
    fs::write(&file, text).map_err(|error| error.to_string())?;
    let listed = project.pipe(&["corpora", "--json", "--corpora", &file.to_string_lossy()]);
    match listed.code {
        Some(0 | 1) => Ok(()),
        _ => Err(listed.printed),
    }
}

fn manifest(text: &str, how: &How, project: &Project) -> Result<(), String> {
    let whole = completed(text, how)?;
    let folder = project.root().join("documents/manifests");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).map_err(|error| error.to_string())
    };
    write("corpora.toml", CORPORA)?;
    write("block.toml", &whole)?;
    for file in files_of_commands(&whole)
        .iter()
        .filter(|file| !how.lacks.contains(file))
    {
        write(file, "")?;
    }
    let planned = project.pipe(&[
        "plan",
        "documents/manifests/block.toml",
        "--json",
        "--allow-paths",
    ]);
    if planned.code == Some(how.exit) && how.exit != 0 {
        // It is understood, and the synthetic corpora lack something that it needs.
        return Ok(());
    }
    if planned.code == Some(0) {
        return match how.lacks.as_slice() {
            [] => Ok(()),
            lacks => Err(format!(
                "it lacks nothing, and the document says: {lacks:?}"
            )),
        };
    }
    let last = planned.printed.lines().last().unwrap_or_default();
    let error: Json =
        serde_json::from_str(last).map_err(|error| format!("{error}: {}", planned.printed))?;
    let mistakes = error["errors"].as_array().cloned().unwrap_or_default();
    let is_known = |mistake: &Json| {
        let message = mistake["message"].as_str().unwrap_or_default();
        ["manifest::missing_file", "manifest::recordings"]
            .contains(&mistake["code"].as_str().unwrap_or_default())
            && how
                .lacks
                .iter()
                .any(|lacks| message.contains(lacks.as_str()))
    };
    match mistakes.is_empty() || !mistakes.iter().all(is_known) {
        true => Err(format!("{last}\nof:\n{whole}")),
        false => Ok(()),
    }
}

/// Files that `command` stages declare, which are made, empty.
fn files_of_commands(manifest: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(manifest).unwrap_or_default();
    let stages = table
        .get("stage")
        .and_then(toml::Value::as_table)
        .cloned()
        .unwrap_or_default();
    let commands = stages
        .values()
        .filter(|stage| stage.get("kind").and_then(toml::Value::as_str) == Some("command"));
    let lists = commands.filter_map(|stage| stage.get("files")?.as_array().cloned());
    lists
        .flatten()
        .filter_map(|file| Some(file.as_str()?.to_string()))
        .collect()
}

/// The text with the stages and axes that it refers to and lacks.
fn completed(text: &str, how: &How) -> Result<String, String> {
    let mut whole = match &how.stage {
        Some(stage) => in_stage(text, stage)?,
        None => text.to_string(),
    };
    whole.push_str(&how.beside);
    let frame = frame();
    loop {
        let table: toml::Table =
            toml::from_str(&whole).map_err(|error| format!("{error}\nof:\n{whole}"))?;
        let empty = toml::Table::new();
        let stages = table
            .get("stage")
            .and_then(toml::Value::as_table)
            .unwrap_or(&empty);
        let referred: BTreeSet<String> = stages.values().flat_map(inputs).collect();
        let Some(missing) = referred
            .iter()
            .find(|name| !stages.contains_key(*name) && frame.contains_key(name.as_str()))
        else {
            return Ok(whole);
        };
        whole.push('\n');
        whole.push_str(&frame[missing.as_str()]);
    }
}

/// Keys put into a stage of the frame, in the place of its own.
fn in_stage(keys: &str, stage: &str) -> Result<String, String> {
    let frame = frame();
    let own = frame
        .get(stage)
        .ok_or_else(|| format!("the frame has no stage `{stage}`"))?;
    let given: toml::Table = toml::from_str(keys).map_err(|error| error.to_string())?;
    let kept = own.lines().filter(|line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        !given.contains_key(key)
    });
    let mut lines: Vec<&str> = kept.collect();
    lines.insert(1, keys);
    Ok(lines.join("\n") + "\n")
}

/// The stages of the frame, by name.
fn frame() -> BTreeMap<&'static str, String> {
    let mut stages = BTreeMap::new();
    for part in FRAME.split("\n\n") {
        let start = part.find("[stage.").map(|start| &part[start..]);
        if let Some((name, _)) = start.and_then(|start| start["[stage.".len()..].split_once(']')) {
            stages.insert(name, format!("{}\n", start.unwrap_or_default().trim_end()));
        }
    }
    stages
}

/// Names of stages that a stage takes something from.
fn inputs(stage: &toml::Value) -> Vec<String> {
    let names = |value: &toml::Value| -> Vec<String> {
        match value {
            toml::Value::String(name) => vec![name.clone()],
            toml::Value::Array(names) => names
                .iter()
                .filter_map(|name| Some(name.as_str()?.to_string()))
                .collect(),
            toml::Value::Table(table) => table
                .values()
                .filter_map(|name| Some(name.as_str()?.to_string()))
                .collect(),
            _ => Vec::new(),
        }
    };
    let keys = [
        "input", "for_each", "model", "inputs", "probes", "maps", "audits",
    ];
    // `model` of `embed` is a file, which no stage of the frame is called.
    keys.iter()
        .filter_map(|key| stage.get(key))
        .flat_map(names)
        .collect()
}
