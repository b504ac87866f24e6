//! The tables under `[stage]`: their kinds, found before variants are expanded.

use std::collections::{BTreeSet, HashSet};

use pipe_foundation::grouped;

use super::bindings::Bindings;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::kind::Kind;
use super::limits::{Exceeded, Limits, exceeded};
use super::matrix::is_plain_name;
use super::substitute;
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
///
/// # Errors
/// The limit that their number exceeds.
pub fn read_stages<'a>(
    table: &'a Table,
    vars: &Bindings<'_>,
    limits: &Limits,
    kinds: &'static [&'static Kind],
    diagnostics: &mut Diagnostics,
) -> Result<(Vec<Stage<'a>>, HashSet<&'a str>), Exceeded> {
    let entries = table.entries();
    if let Some(first) = entries.get(limits.stages.most as usize) {
        let count = entries.len() as u64;
        let what = format!("the manifest has {} stages", grouped(count));
        let told = exceeded(limits.stages, what, count);
        return Err(told.at(&first.key_place, "one too many").into());
    }
    let mut stages = Vec::new();
    let mut broken = HashSet::new();
    for entry in entries {
        match read_stage(entry, vars, kinds, diagnostics) {
            Some(stage) => stages.push(stage),
            None => {
                broken.insert(entry.key.as_str());
            }
        }
    }
    Ok((stages, broken))
}

/// One stage; none, with the problem reported, where it has no name or kind.
fn read_stage<'a>(
    entry: &'a TableEntry,
    vars: &Bindings<'_>,
    kinds: &'static [&'static Kind],
    diagnostics: &mut Diagnostics,
) -> Option<Stage<'a>> {
    if !is_plain_name(&entry.key) {
        diagnostics.push(
            Diagnostic::new(
                "manifest::stage_name",
                format!("`{}` is not a valid stage name", entry.key),
            )
            .at(&entry.key_place, "expected letters, digits, `_` and `-`"),
        );
        return None;
    }
    let Value::Table(table) = &entry.node.value else {
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
        return None;
    };
    let names = || kinds.iter().map(|kind| kind.name);
    let Some(kind_node) = table.get("kind") else {
        let diagnostic = Diagnostic::new(
            "manifest::missing_key",
            format!("the stage `{}` needs the key `kind`", entry.key),
        )
        .at(&entry.key_place, "`kind` is missing");
        diagnostics.push(
            diagnostic.help(match names().find(|name| *name == entry.key) {
                Some(name) => format!("add kind = \"{name}\""),
                None => format!("add `kind`: {}", suggest("", names())),
            }),
        );
        return None;
    };
    let kind_value = substitute::node(kind_node, vars, diagnostics).value;
    if matches!(kind_value, Value::Unknown) {
        return None;
    }
    let kind_name = kind_value.describe();
    let kind = kinds.iter().find(|kind| kind.name == kind_name);
    let Some(kind) = kind else {
        let diagnostic = Diagnostic::new(
            "manifest::unknown_kind",
            format!("unknown stage kind `{kind_name}`"),
        )
        .at(&kind_node.place, "`pipe schema` lists the kinds");
        diagnostics.push_with_help(diagnostic, || suggest(&kind_name, names()));
        return None;
    };
    Some(Stage {
        entry,
        table,
        kind,
        inputs: Vec::new(),
        axes: BTreeSet::new(),
    })
}
