//! `${name}` in strings: variables of `[vars]` and values of `[matrix]`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::source::Place;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::suggest::suggest;
use super::value::{Node, Table, TableEntry, Value};

/// Names to values: `seed`, `matrix.method`, `matrix.method.heads`.
#[derive(Clone, Debug, Default)]
pub struct Bindings<'a> {
    /// What is bound around these, and holds unless it is bound here too.
    outer: Option<&'a Bindings<'a>>,
    values: BTreeMap<String, Cow<'a, Node>>,
    /// Axes that have no value here, to be suggested.
    axes: Vec<String>,
}

impl<'a> Bindings<'a> {
    /// Bindings that add to `outer`.
    pub fn within(outer: &'a Bindings<'a>) -> Self {
        Self {
            outer: Some(outer),
            ..Self::default()
        }
    }

    /// Binds `name`; a table's fields are bound as `name.field` too.
    pub fn bind(&mut self, name: &str, node: &'a Node) {
        if let Value::Table(table) = &node.value {
            for entry in &table.entries {
                self.bind(&format!("{name}.{}", entry.key), &entry.node);
            }
        }
        self.values.insert(name.to_string(), Cow::Borrowed(node));
    }

    /// As [`Bindings::bind`], for a value that is kept nowhere else.
    pub fn define(&mut self, name: &str, node: Node) {
        if let Value::Table(table) = &node.value {
            for entry in &table.entries {
                self.define(&format!("{name}.{}", entry.key), entry.node.clone());
            }
        }
        self.values.insert(name.to_string(), Cow::Owned(node));
    }

    fn get(&self, name: &str) -> Option<&Node> {
        match self.values.get(name) {
            Some(node) => Some(node),
            None => self.outer?.get(name),
        }
    }

    /// Whether `name` would be a field of something unknown.
    fn is_part_of_unknown(&self, name: &str) -> bool {
        name.match_indices('.').any(|(dot, _)| {
            let whole = self.get(&name[..dot]);
            whole.is_some_and(|node| matches!(node.value, Value::Unknown))
        })
    }

    fn names(&self) -> Vec<&str> {
        let mut names = self.outer.map_or_else(Vec::new, Bindings::names);
        names.extend(self.values.keys().chain(&self.axes).map(String::as_str));
        names
    }

    /// Tells of an axis, so that it can be suggested.
    pub fn mention(&mut self, axis: &str) {
        self.axes.push(format!("matrix.{axis}"));
    }
}

/// `table` with every `${name}` replaced.
pub fn table(table: &Table, bindings: &Bindings<'_>, diagnostics: &mut Diagnostics) -> Table {
    let entries = table.entries.iter().map(|entry| TableEntry {
        key: entry.key.clone(),
        key_place: entry.key_place.clone(),
        node: node(&entry.node, bindings, diagnostics),
    });
    Table {
        entries: entries.collect(),
    }
}

/// `node` with every `${name}` replaced. A string that is one reference takes the value with its type.
pub fn node(original: &Node, bindings: &Bindings<'_>, diagnostics: &mut Diagnostics) -> Node {
    let value = match &original.value {
        Value::Text(text) if text.contains("${") => {
            return text_node(original, text, bindings, diagnostics);
        }
        Value::List(items) => Value::List(
            items
                .iter()
                .map(|item| node(item, bindings, diagnostics))
                .collect(),
        ),
        Value::Table(inner) => Value::Table(table(inner, bindings, diagnostics)),
        other => other.clone(),
    };
    Node {
        value,
        place: original.place.clone(),
    }
}

/// The names that `${...}` refers to anywhere below `table`.
pub fn references(table: &Table) -> Vec<String> {
    let mut names = Vec::new();
    for entry in &table.entries {
        collect(&entry.node, &mut names);
    }
    names
}

fn collect(node: &Node, names: &mut Vec<String>) {
    match &node.value {
        Value::Text(text) => {
            for piece in pieces(text) {
                if let Piece::Reference(name) = piece {
                    names.push(name.to_string());
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Table(table) => table
            .entries
            .iter()
            .for_each(|entry| collect(&entry.node, names)),
        _ => {}
    }
}

enum Piece<'a> {
    Literal(&'a str),
    Reference(&'a str),
}

/// Cuts `a${b}c` into its pieces; `$${` is a literal `${`.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = rest.split_at(start);
        if let Some(escaped) = before.strip_suffix('$') {
            pieces.push(Piece::Literal(escaped));
            pieces.push(Piece::Literal("${"));
            rest = &after[2..];
            continue;
        }
        let Some(end) = after.find('}') else { break };
        pieces.push(Piece::Literal(before));
        pieces.push(Piece::Reference(after[2..end].trim()));
        rest = &after[end + 1..];
    }
    pieces.push(Piece::Literal(rest));
    pieces
}

fn unknown(name: &str, bindings: &Bindings<'_>) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        "manifest::unknown_variable",
        format!("unknown variable `${{{name}}}`"),
    );
    let names = bindings.names();
    let axis = format!("matrix.{name}");
    if names.contains(&axis.as_str()) {
        return diagnostic.help(format!("values of [matrix] are written `${{{axis}}}`"));
    }
    if names.is_empty() {
        return diagnostic.help(format!(
            "define it in [vars], or write `$${{{name}}}` for the literal text `${{{name}}}`"
        ));
    }
    diagnostic.help(suggest(name, names))
}

/// Where `${name}` is in the string at `place`.
fn reference_place(place: &Place, name: &str) -> Place {
    let text = place.source.text();
    let Some(written) = text.get(place.range.clone()) else {
        return place.clone();
    };
    let mut at = 0;
    while let Some(start) = written[at..].find("${").map(|start| at + start) {
        let Some(end) = written[start..].find('}').map(|end| start + end + 1) else {
            break;
        };
        if written[start + 2..end - 1].trim() == name {
            let begin = place.range.start;
            return place.source.place(begin + start..begin + end);
        }
        at = start + 2;
    }
    place.clone()
}

fn text_node(
    original: &Node,
    text: &str,
    bindings: &Bindings<'_>,
    diagnostics: &mut Diagnostics,
) -> Node {
    let pieces = pieces(text);
    let filled = pieces
        .iter()
        .filter(|piece| !matches!(piece, Piece::Literal("")))
        .count();
    let mut out = String::new();
    for piece in &pieces {
        match piece {
            Piece::Literal(literal) => out.push_str(literal),
            Piece::Reference(name) => {
                let plain = name.strip_prefix("vars.").unwrap_or(name);
                let Some(found) = bindings.get(plain) else {
                    // What it is part of is wrong, which was reported where that is written.
                    if bindings.is_part_of_unknown(plain) {
                        return Node {
                            value: Value::Unknown,
                            place: original.place.clone(),
                        };
                    }
                    diagnostics.push(unknown(name, bindings).at(
                        &reference_place(&original.place, name),
                        match name.strip_prefix("matrix.") {
                            Some(_) => "[matrix] has no such axis",
                            None => "[vars] has no such name",
                        },
                    ));
                    return Node {
                        value: Value::Unknown,
                        place: original.place.clone(),
                    };
                };
                if filled == 1 {
                    return found.clone();
                }
                out.push_str(&found.value.describe());
            }
        }
    }
    Node {
        value: Value::Text(out),
        place: original.place.clone(),
    }
}
