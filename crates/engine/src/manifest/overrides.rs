//! `--set stage.key=value`: values that the command line puts into a manifest.

use crate::source::{Place, Source};

use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::nesting::MOST_NESTED;
use super::parse::parse;
use super::suggest::suggest;
use super::value::{Node, Table, TableEntry, Value};

/// One `--set stage.key=value` as nested tables with places in the argument itself.
pub struct Override {
    path: Vec<(String, Place)>,
    node: Node,
}

/// Takes an argument of `--set` apart.
///
/// # Errors
/// What is wrong with it.
pub fn parse_override(text: &str) -> Result<Override, Diagnostics> {
    let source = Source::of_override(text);
    let whole = source.place(0..text.len());
    let Some((path, written)) = path_and_value(text) else {
        return Err(
            Diagnostic::new("manifest::set", format!("`--set {text}` has no `=`"))
                .at(&whole, "expected stage.key=value")
                .help("give a value: --set STAGE.KEY=VALUE, or --set vars.NAME=VALUE")
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
        .help(
            "name a key of a stage or a variable: --set STAGE.KEY=VALUE, or --set vars.NAME=VALUE",
        )
        .into());
    }
    if parts.len() > MOST_NESTED {
        return Err(Diagnostic::new(
            "manifest::set",
            format!("`--set {text}` names a key in more than {MOST_NESTED} tables"),
        )
        .at(&whole, "expected stage.key=value")
        .into());
    }
    let place = source.place(path.len() + 1..text.len());
    // What is not TOML is a string: `--set report.title=Open set` needs no quotes.
    let parsed = parse(&Source::of_override(format!("value = {written}")));
    let value = match parsed.ok().and_then(|mut table| table.take("value")) {
        Some(entry) => entry.node.value,
        None => Value::Text(written.trim().to_string()),
    };
    Ok(Override {
        path: parts,
        node: Node { value, place },
    })
}

/// What an argument of `--set` names, and what it sets that to, as written; none without `=`.
pub(super) fn path_and_value(text: &str) -> Option<(&str, &str)> {
    text.split_once('=')
}

/// Puts an override into the manifest `table`; each of `file_keys` is allowed at the top. One that names nothing there
/// is left out and goes to `diagnostics`.
pub fn apply(table: &mut Table, over: Override, file_keys: &[&str], diagnostics: &mut Diagnostics) {
    let mut path = over.path;
    let first = path[0].0.clone();
    let is_top_level = ["vars", "matrix", "stage", "name"].contains(&first.as_str())
        || file_keys.contains(&first.as_str());
    if !is_top_level {
        let stages = inner(table, "stage");
        if stages.is_none_or(|stages| stages.get(&first).is_none()) {
            let diagnostic = Diagnostic::new(
                "manifest::set",
                format!("`--set` names the stage `{first}`, which does not exist"),
            )
            .at(&path[0].1, "no stage has this name");
            let help = || suggest(&first, keys(stages).chain(["vars"]));
            diagnostics.push_with_help(diagnostic, help);
            return;
        }
        let place = path[0].1.clone();
        path.insert(0, ("stage".into(), place));
    }
    if ["vars", "matrix"].contains(&path[0].0.as_str()) {
        let known = inner(table, &first);
        let (name, place) = &path[1];
        if known.is_none_or(|known| known.get(name).is_none()) {
            let diagnostic = Diagnostic::new(
                "manifest::set",
                format!("`--set` names `{name}`, which [{first}] does not have"),
            )
            .at(place, format!("not in [{first}]"));
            diagnostics.push_with_help(diagnostic, || suggest(name, keys(known)));
            return;
        }
    }
    let mut node = over.node;
    for (key, key_place) in path.into_iter().rev() {
        let place = node.place.clone();
        let entry = TableEntry {
            key,
            key_place,
            node,
        };
        node = Node {
            value: Value::Table([entry].into_iter().collect()),
            place,
        };
    }
    if let Value::Table(over) = node.value {
        table.merge(over);
    }
}

/// The table under `key`, where it is one.
fn inner<'a>(table: &'a Table, key: &str) -> Option<&'a Table> {
    match &table.get(key)?.value {
        Value::Table(inner) => Some(inner),
        _ => None,
    }
}

fn keys(table: Option<&Table>) -> impl Iterator<Item = &str> {
    let entries = table.map_or(&[][..], Table::entries);
    entries.iter().map(|entry| entry.key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_as_deep_as_values_may_be() {
        let over = |keys: usize| parse_override(&format!("{}=1", vec!["a"; keys].join(".")));
        assert!(over(MOST_NESTED).is_ok());
        let Err(told) = over(100_000) else {
            panic!("accepted");
        };
        assert!(
            told.shown()[0]
                .to_string()
                .contains("in more than 64 tables")
        );
    }
}
