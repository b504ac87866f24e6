//! Fills in `${name}` in strings.

use crate::source::Place;

use super::bindings::Bindings;
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::limits::VALUE_BYTES;
use super::nesting::{MOST_NESTED, nested_too_deep};
use super::suggest::suggest;
use super::value::{Extent, Node, Table, TableEntry, Value};

/// `table` without `key`, with every `${name}` replaced; all of it is one value to the budget of `bindings`. Once that is exceeded,
/// what is left is missing or unknown.
pub fn table_without(
    key: &str,
    table: &Table,
    bindings: &Bindings<'_>,
    diagnostics: &mut Diagnostics,
) -> Table {
    let entries = table.entries().iter().filter(|entry| entry.key != key);
    Filling::new(bindings, diagnostics).entries(entries, 0)
}

/// As [`table_without`], for a whole node. A string that is one reference takes the value with its type.
pub fn node(original: &Node, bindings: &Bindings<'_>, diagnostics: &mut Diagnostics) -> Node {
    Filling::new(bindings, diagnostics).node(original, 0)
}

/// The names that `${...}` refers to anywhere below `table`.
pub fn references(table: &Table) -> Vec<&str> {
    let mut names = Vec::new();
    for entry in table.entries() {
        collect(&entry.node, &mut names);
    }
    names
}

fn collect<'n>(node: &'n Node, names: &mut Vec<&'n str>) {
    match &node.value {
        Value::Text(text) => names.extend(pieces(text).filter_map(|piece| match piece {
            Piece::Reference { name, .. } => Some(name),
            Piece::Literal(_) => None,
        })),
        Value::List(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Table(table) => table
            .entries()
            .iter()
            .for_each(|entry| collect(&entry.node, names)),
        _ => {}
    }
}

/// A value in which references are being replaced.
struct Filling<'a, 'd> {
    bindings: &'a Bindings<'a>,
    diagnostics: &'d mut Diagnostics,
    /// Bytes of the value so far.
    bytes: u64,
}

impl<'a, 'd> Filling<'a, 'd> {
    fn new(bindings: &'a Bindings<'a>, diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            bindings,
            diagnostics,
            bytes: 0,
        }
    }

    /// Takes note of `bytes` more; false when they are too many.
    fn spend(&mut self, bytes: u64, place: &Place) -> bool {
        let fits = self.bindings.budget().spend(bytes, self.bytes, place);
        self.bytes = self.bytes.saturating_add(bytes);
        fits
    }

    /// Whether the budget is exceeded, so that nothing more need be made.
    fn is_over(&self) -> bool {
        self.bindings.budget().is_exceeded()
    }

    /// `depth` is the number of lists and tables around it.
    fn entries<'e>(
        &mut self,
        entries: impl Iterator<Item = &'e TableEntry>,
        depth: usize,
    ) -> Table {
        let mut filled = Vec::new();
        for entry in entries {
            self.spend(entry.key.len() as u64, &entry.key_place);
            if self.is_over() {
                break;
            }
            filled.push(TableEntry {
                key: entry.key.clone(),
                key_place: entry.key_place.clone(),
                node: self.node(&entry.node, depth),
            });
        }
        filled.into_iter().collect()
    }

    fn node(&mut self, original: &Node, depth: usize) -> Node {
        if !self.spend(VALUE_BYTES, &original.place) {
            return unknown_at(&original.place);
        }
        let value = match &original.value {
            Value::Text(text) if text.contains("${") => return self.text(original, text, depth),
            Value::Text(text) if !self.spend(text.len() as u64, &original.place) => Value::Unknown,
            Value::List(items) => {
                let mut filled = Vec::with_capacity(items.len());
                for item in items {
                    filled.push(self.node(item, depth + 1));
                    if self.is_over() {
                        break;
                    }
                }
                Value::List(filled)
            }
            Value::Table(inner) => Value::Table(self.entries(inner.entries().iter(), depth + 1)),
            other => other.clone(),
        };
        Node {
            value,
            place: original.place.clone(),
        }
    }

    /// A string with references.
    fn text(&mut self, original: &Node, text: &str, depth: usize) -> Node {
        let place = &original.place;
        let mut filled = pieces(text).filter(|piece| !matches!(piece, Piece::Literal("")));
        let alone = match (filled.next(), filled.next()) {
            (Some(Piece::Reference { name, .. }), None) => Some(name),
            _ => None,
        };
        if let Some(name) = alone {
            let Some(found) = self.find(name, place) else {
                return unknown_at(place);
            };
            let Extent { bytes, depth: more } = found.value.extent();
            if depth + more > MOST_NESTED {
                self.diagnostics.push(nested_too_deep(place));
                return unknown_at(place);
            }
            return match self.spend(bytes, place) {
                true => found.clone(),
                false => unknown_at(place),
            };
        }
        let mut out = String::new();
        for piece in pieces(text) {
            let described;
            let part = match piece {
                Piece::Literal(literal) => literal,
                Piece::Reference { name, .. } => {
                    let Some(found) = self.find(name, place) else {
                        return unknown_at(place);
                    };
                    // Values of an axis are shown as variants are; elsewhere nobody expects that.
                    if found.value.is_list_or_table() && !name.starts_with("matrix.") {
                        self.report_compound(name, &found.value, place);
                        return unknown_at(place);
                    }
                    described = found.value.describe();
                    &described
                }
            };
            if !self.spend(part.len() as u64, place) {
                return unknown_at(place);
            }
            out.push_str(part);
        }
        Node {
            value: Value::Text(out),
            place: place.clone(),
        }
    }

    /// What `${name}` in the string at `place` stands for; reported where that is nothing.
    fn find(&mut self, name: &str, place: &Place) -> Option<&'a Node> {
        let plain = name.strip_prefix("vars.").unwrap_or(name);
        let found = self.bindings.get(plain);
        // What it is part of is wrong, which was reported where that is written.
        if found.is_none() && !self.bindings.is_part_of_unknown(plain) {
            self.report_unknown(name, place);
        }
        found
    }

    /// Reports a list or table within a longer string.
    fn report_compound(&mut self, name: &str, value: &Value, place: &Place) {
        let what = value.type_name();
        let diagnostic = Diagnostic::new(
            "manifest::compound_in_string",
            format!("`${{{name}}}` is {what}, which cannot be part of a longer string"),
        )
        .at(&reference_place(place, name), what)
        .help(format!(
            "write \"${{{name}}}\" alone to pass the whole value on, or make a variable for each part of it"
        ));
        self.diagnostics.push(diagnostic);
    }

    fn report_unknown(&mut self, name: &str, place: &Place) {
        let diagnostic = Diagnostic::new(
            "manifest::unknown_variable",
            format!("unknown variable `${{{name}}}`"),
        )
        .at(
            &reference_place(place, name),
            match name.strip_prefix("matrix.") {
                Some(_) => "[matrix] has no such axis",
                None => "[vars] has no such name",
            },
        );
        let help = || {
            let names = self.bindings.names();
            let axis = format!("matrix.{name}");
            if names.contains(&axis) {
                return format!("values of [matrix] are written `${{{axis}}}`");
            }
            if let Some(axis) = name.strip_prefix("matrix.")
                && !names.iter().any(|known| known.starts_with("matrix."))
            {
                return format!("define the axis `{axis}` in [matrix]");
            }
            if names.is_empty() {
                return format!(
                    "define it in [vars], or write `$${{{name}}}` for the literal text `${{{name}}}`"
                );
            }
            suggest(name, names.iter().map(String::as_str))
        };
        self.diagnostics.push_with_help(diagnostic, help);
    }
}

fn unknown_at(place: &Place) -> Node {
    Node {
        value: Value::Unknown,
        place: place.clone(),
    }
}

enum Piece<'a> {
    Literal(&'a str),
    /// `${name}`, and where it starts and ends in the text.
    Reference {
        name: &'a str,
        range: std::ops::Range<usize>,
    },
}

/// Cuts `a${b}c` into its pieces; `$${` is a literal `${`.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut at = 0;
    // What follows the literal that was cut last.
    let mut next = None;
    let mut is_done = false;
    std::iter::from_fn(move || {
        if let Some(piece) = next.take() {
            return Some(piece);
        }
        if is_done {
            return None;
        }
        let rest = &text[at..];
        let Some(start) = rest.find("${") else {
            is_done = true;
            return Some(Piece::Literal(rest));
        };
        let (before, after) = rest.split_at(start);
        if let Some(escaped) = before.strip_suffix('$') {
            at += start + 2;
            next = Some(Piece::Literal("${"));
            return Some(Piece::Literal(escaped));
        }
        let Some(end) = after.find('}') else {
            is_done = true;
            return Some(Piece::Literal(rest));
        };
        let begin = at + start;
        at = begin + end + 1;
        next = Some(Piece::Reference {
            name: after[2..end].trim(),
            range: begin..at,
        });
        Some(Piece::Literal(before))
    })
}

/// Where `${name}` is in the string at `place`.
fn reference_place(place: &Place, name: &str) -> Place {
    let written = place.source.text().get(place.range.clone());
    let found = pieces(written.unwrap_or_default()).find_map(|piece| match piece {
        Piece::Reference { name: here, range } if here == name => Some(range),
        _ => None,
    });
    match found {
        Some(range) => {
            let begin = place.range.start;
            place.source.place(begin + range.start..begin + range.end)
        }
        None => place.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_their_references() {
        let cut = |text: &str| -> Vec<String> {
            let pieces = pieces(text).filter_map(|piece| match piece {
                Piece::Literal("") => None,
                Piece::Literal(literal) => Some(literal.to_owned()),
                Piece::Reference { name, range } => {
                    assert_eq!(text[range.clone()].replace(' ', ""), format!("${{{name}}}"));
                    Some(format!("<{name}>"))
                }
            });
            pieces.collect()
        };
        assert_eq!(cut("a${b}c${ d }"), ["a", "<b>", "c", "<d>"]);
        assert_eq!(cut("${b}"), ["<b>"]);
        assert_eq!(cut("$${b}"), ["${", "b}"]);
        assert_eq!(cut("a ${b"), ["a ${b"]);
        assert_eq!(cut("${a${b}"), ["<a${b>"]);
        assert!(cut("").is_empty());
        let open = "${".repeat(1 << 20);
        assert_eq!(cut(&open), [open.as_str()]);
    }
}
