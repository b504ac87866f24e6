//! Reads a manifest file with what it includes and what `--set` overrides, into one table.

use std::path::{Path, PathBuf};

use crate::source::{Place, Source};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::suggest::suggest;
use super::value::{self, Node, Table, TableEntry, Value};

/// Reads `path` and its includes, then applies the overrides in order; each of `file_keys` is allowed at the top.
///
/// Included manifests come first and the including one overrides them; tables merge key by key. Overrides that are
/// wrong are left out and go to `problems`.
///
/// # Errors
/// Every unreadable file, syntax error and include loop.
pub fn read(
    path: &Path,
    overrides: &[String],
    file_keys: &[&str],
    diagnostics: &mut Diagnostics,
) -> Result<(Source, Table), Diagnostics> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error, None))?;
    let source = Source::new(path.display().to_string(), text);
    let mut table = with_includes(path, &source, &mut vec![canonical(path)])?;
    for text in overrides {
        match parse_override(text) {
            Ok(over) => apply(&mut table, over, file_keys, diagnostics),
            Err(more) => diagnostics.extend(more),
        }
    }
    Ok((source, table))
}

fn with_includes(
    path: &Path,
    source: &Source,
    stack: &mut Vec<PathBuf>,
) -> Result<Table, Diagnostics> {
    let mut over = value::parse(source)?;
    let mut under = Table::default();
    let mut diagnostics = Diagnostics::default();
    let includes = match over.take("include") {
        None => Vec::new(),
        Some(TableEntry { node, .. }) => match node.value {
            Value::List(nodes) => nodes,
            _ => vec![node],
        },
    };
    for include in includes {
        let Value::Text(name) = &include.value else {
            diagnostics.push(
                Diagnostic::new("manifest::type", "`include` has the wrong type").at(
                    &include.place,
                    format!("expected a path, found {}", include.value.found()),
                ),
            );
            continue;
        };
        let target = path.parent().unwrap_or(Path::new("")).join(name);
        if stack.contains(&canonical(&target)) {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::include_loop",
                    format!("`{name}` includes itself"),
                )
                .at(&include.place, "this file is already being read")
                .help("remove one of the includes that form the loop"),
            );
            continue;
        }
        match std::fs::read_to_string(&target) {
            Err(error) => diagnostics.push(unreadable(&target, &error, Some(&include.place))),
            Ok(text) => {
                let source = Source::new(target.display().to_string(), text);
                stack.push(canonical(&target));
                match with_includes(&target, &source, stack) {
                    Ok(table) => under.merge(table),
                    Err(more) => diagnostics.extend(more),
                }
                stack.pop();
            }
        }
    }
    under.merge(over);
    diagnostics.or_ok(under)
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn unreadable(path: &Path, error: &std::io::Error, place: Option<&Place>) -> Diagnostic {
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    let diagnostic = Diagnostic::new(
        "manifest::unreadable",
        match missing {
            true => format!("{} does not exist", path.display()),
            false => format!("cannot read {}: {error}", path.display()),
        },
    );
    match place {
        Some(place) => diagnostic
            .at(place, if missing { "not found" } else { "not readable" })
            .help("the path is relative to the manifest it is written in"),
        None => diagnostic.help(
            "give a manifest such as pipelines/demo.toml; `pipe init` writes one to start from",
        ),
    }
}

/// One `--set stage.key=value` as nested tables with places in the argument itself.
struct Override {
    path: Vec<(String, Place)>,
    node: Node,
}

fn parse_override(text: &str) -> Result<Override, Diagnostics> {
    let source = Source::new("--set", text);
    let whole = source.place(0..text.len());
    let Some((path, written)) = text.split_once('=') else {
        return Err(
            Diagnostic::new("manifest::set", format!("`--set {text}` has no `=`"))
                .at(&whole, "expected stage.key=value")
                .help("for example: --set fbank.bins=80")
                .into(),
        );
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for part in path.split('.') {
        parts.push((
            part.trim().to_string(),
            source.place(start..start + part.len()),
        ));
        start += part.len() + 1;
    }
    if parts.len() < 2 || parts.iter().any(|(name, _)| name.is_empty()) {
        return Err(Diagnostic::new(
            "manifest::set",
            format!("`--set {text}` does not name a key of a stage"),
        )
        .at(&whole, "expected stage.key=value")
        .help("for example: --set fbank.bins=80, or --set vars.seed=2")
        .into());
    }
    let place = source.place(path.len() + 1..text.len());
    // What is not TOML is a string: `--set report.title=Open set` needs no quotes.
    let parsed = value::parse(&Source::new("--set", format!("value = {written}")));
    let value = match parsed.ok().and_then(|mut table| table.take("value")) {
        Some(entry) => entry.node.value,
        None => Value::Text(written.trim().to_string()),
    };
    Ok(Override {
        path: parts,
        node: Node { value, place },
    })
}

fn apply(table: &mut Table, over: Override, file_keys: &[&str], diagnostics: &mut Diagnostics) {
    let mut path = over.path;
    let first = path[0].0.clone();
    let is_top_level = ["vars", "matrix", "stage", "name"].contains(&first.as_str())
        || file_keys.contains(&first.as_str());
    if !is_top_level {
        let stages = match table.get("stage").map(|node| &node.value) {
            Some(Value::Table(stages)) => stages
                .entries
                .iter()
                .map(|entry| entry.key.clone())
                .collect(),
            _ => Vec::new(),
        };
        if !stages.contains(&first) {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::set",
                    format!("`--set` names the stage `{first}`, which does not exist"),
                )
                .at(&path[0].1, "no stage has this name")
                .help(suggest(
                    &first,
                    stages.iter().map(String::as_str).chain(["vars"]),
                )),
            );
            return;
        }
        let place = path[0].1.clone();
        path.insert(0, ("stage".into(), place));
    }
    if let ["vars" | "matrix", ..] =
        path.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>()[..]
    {
        let names: Vec<&str> = match table.get(&first).map(|node| &node.value) {
            Some(Value::Table(table)) => table.entries.iter().map(|e| e.key.as_str()).collect(),
            _ => Vec::new(),
        };
        let (name, place) = &path[1];
        if !names.contains(&name.as_str()) {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::set",
                    format!("`--set` names `{name}`, which [{first}] does not have"),
                )
                .at(place, format!("not in [{first}]"))
                .help(suggest(name, names)),
            );
            return;
        }
    }
    let mut node = over.node;
    for (key, key_place) in path.into_iter().rev() {
        let place = node.place.clone();
        node = Node {
            value: Value::Table(Table {
                entries: vec![TableEntry {
                    key,
                    key_place,
                    node,
                }],
            }),
            place,
        };
    }
    if let Value::Table(over) = node.value {
        table.merge(over);
    }
}
