//! The tables under `[stage]`: their kinds, found before variants are expanded.

use std::collections::BTreeSet;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::kind::Kind;
use super::matrix::is_plain_name;
use super::substitute::{self, Bindings};
use super::suggest::suggest;
use super::value::{Table, TableEntry, Value};

/// A stage before its variants are expanded.
pub struct Stage<'a> {
    /// Its table with its name.
    pub entry: &'a TableEntry,
    /// The content of the table.
    pub table: &'a Table,
    /// Its kind.
    pub kind: &'static Kind,
    /// Indices of the stages it takes.
    pub inputs: Vec<usize>,
    /// Axes of the matrix that its variants differ in.
    pub axes: BTreeSet<String>,
}

/// The stages whose kind is known, and the names of those that cannot be read.
pub fn read_stages<'a>(
    table: &'a Table,
    vars: &Bindings<'_>,
    kinds: &'static [&'static Kind],
    diagnostics: &mut Diagnostics,
) -> (Vec<Stage<'a>>, Vec<&'a str>) {
    let mut stages = Vec::new();
    let mut broken = Vec::new();
    for entry in &table.entries {
        // Until its kind is found.
        broken.push(entry.key.as_str());
        if !is_plain_name(&entry.key) {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::stage_name",
                    format!("`{}` is not a valid stage name", entry.key),
                )
                .at(&entry.key_place, "expected letters, digits, `_` and `-`"),
            );
            continue;
        }
        let Value::Table(inner) = &entry.node.value else {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::type",
                    format!("the stage `{}` has the wrong type", entry.key),
                )
                .at(
                    &entry.node.place,
                    format!("expected a table, found {}", entry.node.value.found()),
                ),
            );
            continue;
        };
        let names = || kinds.iter().map(|kind| kind.name);
        let Some(kind_node) = inner.get("kind") else {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::missing_key",
                    format!("the stage `{}` needs the key `kind`", entry.key),
                )
                .at(&entry.key_place, "`kind` is missing")
                .help(match names().find(|name| *name == entry.key) {
                    Some(name) => format!("add kind = \"{name}\""),
                    None => format!("add `kind`: {}", suggest("", names())),
                }),
            );
            continue;
        };
        let kind_value = substitute::node(kind_node, vars, diagnostics).value;
        if matches!(kind_value, Value::Unknown) {
            continue;
        }
        let kind_name = kind_value.describe();
        match kinds.iter().find(|kind| kind.name == kind_name) {
            Some(kind) => {
                broken.pop();
                stages.push(Stage {
                    entry,
                    table: inner,
                    kind,
                    inputs: Vec::new(),
                    axes: BTreeSet::new(),
                });
            }
            None => diagnostics.push(
                Diagnostic::new(
                    "manifest::unknown_kind",
                    format!("unknown stage kind `{kind_name}`"),
                )
                .at(&kind_node.place, "`pipe schema` lists the kinds")
                .help(suggest(&kind_name, names())),
            ),
        }
    }
    (stages, broken)
}
