//! Axes that are described rather than listed: all subsets of some items, or leaving one of them out.

use crate::source::Place;

use super::axis_values::too_many_values;
use super::budget::Budget;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::limits::{Limits, VALUE_BYTES};
use super::suggest::suggest;
use super::value::{Node, Table, TableEntry, Value};

/// Keys of a described axis.
const KEYS: [&str; 5] = ["subsets_of", "each_with", "empty", "sizes", "leave_one_out"];
/// The key of an axis whose values are folds, which has no other.
pub const FOLDS_OF: &str = "folds_of";
/// Subsets of more items would be more than anybody runs.
const MOST_ITEMS: usize = 8;

/// The values of an axis that is written as a table; none, with problems reported, where it is wrong.
///
/// - `subsets_of = [items]` makes `{ name, items }` for every non-empty subset, in the order of sizes and of the text.
///   `each_with = [tables]` repeats them for each of these tables, which are merged into every item. `empty = "name"`
///   puts a value without items first. `sizes = [1, 4]` keeps only subsets of these sizes. Names are made of the
///   items' own (`MTL C+G`), which are left out of the items.
/// - `leave_one_out = [values]` makes `{ name, left, rest }` for each value.
///
/// How much that is is known before anything is made: it must be within `limits` and `budget`.
pub fn described(
    axis: &TableEntry,
    table: &Table,
    limits: &Limits,
    budget: &Budget,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Node>> {
    let before = diagnostics.len();
    for entry in table.entries() {
        if !KEYS.contains(&entry.key.as_str()) {
            let diagnostic = Diagnostic::new(
                "manifest::unknown_key",
                format!("unknown key `{}`", entry.key),
            )
            .at(&entry.key_place, "an axis has no such key");
            diagnostics.push_with_help(diagnostic, || {
                suggest(&entry.key, KEYS.into_iter().chain([FOLDS_OF]))
            });
        }
    }
    let room = Room {
        axis: &axis.key,
        limits,
        budget,
    };
    let values = match (table.entry("subsets_of"), table.entry("leave_one_out")) {
        (Some(items), None) => subsets(table, items, &room, diagnostics),
        (None, Some(values)) => leave_one_out(table, values, &room, diagnostics),
        (Some(_), Some(second)) => {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::axis",
                    format!("`{}` is described in two ways", axis.key),
                )
                .at(&second.key_place, "conflicts with `subsets_of`")
                .help("keep one of `subsets_of` and `leave_one_out`"),
            );
            None
        }
        (None, None) if diagnostics.len() == before => {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::axis",
                    format!("the axis `{}` has no values", axis.key),
                )
                .at(
                    &axis.node.place,
                    "expected a list, or a table with `subsets_of`, `leave_one_out` or `folds_of`",
                ),
            );
            None
        }
        (None, None) => None,
    };
    values.filter(|_| diagnostics.len() == before)
}

/// What the values of an axis may take.
struct Room<'a> {
    axis: &'a str,
    limits: &'a Limits,
    budget: &'a Budget,
}

impl Room<'_> {
    /// Whether there is room for so many values of so many bytes together; reported where there is not.
    fn has(&self, values: u64, bytes: u64, place: &Place, diagnostics: &mut Diagnostics) -> bool {
        if values > self.limits.axis_values.most {
            let told = too_many_values(self.axis, values, self.limits);
            diagnostics.push(told.at(place, "from these"));
            return false;
        }
        // What is exceeded here ends the reading of the manifest, and is reported then.
        self.budget.spend_in_all(bytes, place)
    }
}

/// The bytes that named tables take.
fn bytes_of(named: &[(String, Table, Place)]) -> u64 {
    let bytes = named.iter().map(|(name, table, _)| {
        let entries = table.entries().iter();
        let values = entries.map(|entry| entry.key.len() as u64 + entry.node.value.extent().bytes);
        name.len() as u64 + VALUE_BYTES + values.sum::<u64>()
    });
    bytes.sum()
}

fn subsets(
    table: &Table,
    items: &TableEntry,
    room: &Room<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Node>> {
    let list = items;
    let items = tables(items, diagnostics)?;
    if items.len() > MOST_ITEMS {
        let (_, _, place) = items.last()?;
        diagnostics.push(
            Diagnostic::new(
                "manifest::axis",
                format!("`subsets_of` has {} items", items.len()),
            )
            .at(place, format!("expected at most {MOST_ITEMS}")),
        );
        return None;
    }
    let each_with = match table.entry("each_with") {
        Some(entry) => tables(entry, diagnostics)?,
        None => Vec::new(),
    };
    let bytes_of_companions = bytes_of(&each_with);
    let companions: Vec<(Option<String>, Table)> = match each_with.is_empty() {
        true => vec![(None, Table::default())],
        false => each_with
            .into_iter()
            .map(|(name, table, _)| (Some(name), table))
            .collect(),
    };
    let sizes = match table.get("sizes") {
        Some(node) => sizes(node, items.len(), diagnostics)?,
        None => (1..=items.len()).collect(),
    };
    let mut values = Vec::new();
    match table.get("empty") {
        None => {}
        Some(Node {
            value: Value::Text(name),
            place,
        }) => values.push(value(name.clone(), Vec::new(), place)),
        Some(node) => {
            diagnostics.push(
                Diagnostic::new("manifest::type", "`empty` has the wrong type").at(
                    &node.place,
                    format!(
                        "expected the name of the value without items, found {}",
                        node.value.found()
                    ),
                ),
            );
        }
    }
    let mut masks: Vec<usize> = (1..1_usize << items.len())
        .filter(|mask| sizes.contains(&(mask.count_ones() as usize)))
        .collect();
    // Of equal size, those that hold earlier items first.
    masks.sort_by_key(|mask| {
        (
            mask.count_ones(),
            (0..items.len())
                .map(|item| mask >> item & 1 == 0)
                .collect::<Vec<_>>(),
        )
    });
    let (masks_count, companions_count) = (masks.len() as u64, companions.len() as u64);
    // At most: not every item is in every subset.
    let bytes = masks_count.saturating_mul(
        companions_count
            .saturating_mul(bytes_of(&items))
            .saturating_add(bytes_of_companions.saturating_mul(items.len() as u64)),
    );
    let count = masks_count.saturating_mul(companions_count);
    if !room.has(count, bytes, &list.node.place, diagnostics) {
        return None;
    }
    for (prefix, companion) in &companions {
        for mask in &masks {
            let chosen: Vec<&(String, Table, Place)> = items
                .iter()
                .enumerate()
                .filter(|(item, _)| mask >> item & 1 == 1)
                .map(|(_, item)| item)
                .collect();
            let names: Vec<&str> = chosen.iter().map(|(name, ..)| name.as_str()).collect();
            let name = prefix.iter().map(String::as_str);
            let name: Vec<String> = name.map(String::from).chain([names.join("+")]).collect();
            let Some((.., place)) = chosen.first() else {
                continue;
            };
            let merged = chosen
                .iter()
                .map(|(_, item, place)| {
                    let mut item = item.clone();
                    item.merge(companion.clone());
                    Node {
                        value: Value::Table(item),
                        place: place.clone(),
                    }
                })
                .collect();
            values.push(value(name.join(" "), merged, place));
        }
    }
    Some(values)
}

/// A value `{ name, items }` of an axis.
fn value(name: String, items: Vec<Node>, place: &Place) -> Node {
    node_of(
        place,
        [("name", Value::Text(name)), ("items", Value::List(items))],
    )
}

fn node_of<const N: usize>(place: &Place, fields: [(&str, Value); N]) -> Node {
    let entries = fields.map(|(key, value)| TableEntry {
        key: key.into(),
        key_place: place.clone(),
        node: Node {
            value,
            place: place.clone(),
        },
    });
    Node {
        value: Value::Table(entries.into_iter().collect()),
        place: place.clone(),
    }
}

/// The named tables of a list: name, the rest of the table, place.
fn tables(list: &TableEntry, diagnostics: &mut Diagnostics) -> Option<Vec<(String, Table, Place)>> {
    let Value::List(nodes) = &list.node.value else {
        diagnostics.push(wrong_type(list, "expected a list of tables"));
        return None;
    };
    let mut named = Vec::new();
    for node in nodes {
        let Value::Table(table) = &node.value else {
            diagnostics.push(
                Diagnostic::new(
                    "manifest::type",
                    format!("`{}` has the wrong type", list.key),
                )
                .at(
                    &node.place,
                    format!(
                        "expected a table such as {{ name = \"C\", ... }}, found {}",
                        node.value.found()
                    ),
                ),
            );
            continue;
        };
        let mut table = table.clone();
        match table.take("name").map(|entry| entry.node.value) {
            Some(Value::Text(name)) => named.push((name, table, node.place.clone())),
            _ => diagnostics.push(
                Diagnostic::new(
                    "manifest::missing_key",
                    format!("an item of `{}` has no `name`", list.key),
                )
                .at(&node.place, "`name` is missing")
                .help("add name = \"...\": variants are named after it"),
            ),
        }
    }
    if nodes.is_empty() {
        diagnostics.push(
            Diagnostic::new("manifest::empty_list", format!("`{}` is empty", list.key))
                .at(&list.node.place, "expected at least one table"),
        );
    }
    (named.len() == nodes.len() && !named.is_empty()).then_some(named)
}

fn sizes(node: &Node, most: usize, diagnostics: &mut Diagnostics) -> Option<Vec<usize>> {
    let fits = |node: &Node| match node.value {
        Value::Integer(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=most).contains(size)),
        _ => None,
    };
    let sizes: Option<Vec<usize>> = match &node.value {
        Value::List(nodes) if !nodes.is_empty() => nodes.iter().map(fits).collect(),
        _ => None,
    };
    if sizes.is_none() {
        diagnostics.push(
            Diagnostic::new("manifest::range", "`sizes` is not valid").at(
                &node.place,
                format!("expected a list of numbers from 1 to {most}"),
            ),
        );
    }
    sizes
}

fn leave_one_out(
    table: &Table,
    list: &TableEntry,
    room: &Room<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Node>> {
    for key in ["each_with", "empty", "sizes"] {
        if let Some(entry) = table.entry(key) {
            diagnostics.push(
                Diagnostic::new("manifest::axis", format!("`{key}` needs `subsets_of`"))
                    .at(&entry.key_place, "only valid together with `subsets_of`"),
            );
        }
    }
    let Value::List(nodes) = &list.node.value else {
        diagnostics.push(wrong_type(list, "expected a list"));
        return None;
    };
    if nodes.len() < 2 {
        diagnostics.push(
            Diagnostic::new("manifest::axis", "`leave_one_out` leaves nothing").at(
                &list.node.place,
                "expected at least two values, so that one remains",
            ),
        );
        return None;
    }
    // Every value is in all but one of the rests, and in its own place.
    let bytes = list.node.value.extent().bytes;
    let (count, bytes) = (nodes.len() as u64, bytes.saturating_mul(nodes.len() as u64));
    if !room.has(count, bytes, &list.node.place, diagnostics) {
        return None;
    }
    let values = nodes.iter().enumerate().map(|(left, node)| {
        let rest = nodes.iter().enumerate().filter(|(at, _)| *at != left);
        node_of(
            &node.place,
            [
                ("name", Value::Text(node.value.describe())),
                ("left", node.value.clone()),
                (
                    "rest",
                    Value::List(rest.map(|(_, node)| node.clone()).collect()),
                ),
            ],
        )
    });
    Some(values.collect())
}

fn wrong_type(entry: &TableEntry, expected: &str) -> Diagnostic {
    Diagnostic::new(
        "manifest::type",
        format!("`{}` has the wrong type", entry.key),
    )
    .at(
        &entry.node.place,
        format!("{expected}, found {}", entry.node.value.found()),
    )
}

#[cfg(test)]
mod tests;
