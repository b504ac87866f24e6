//! TOML values that remember where they were written.

use toml::de::{DeTable, DeValue};

use crate::source::{Place, Source};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::syntax;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub place: Place,
}

/// A TOML value; dates are not used in manifests.
#[derive(Clone, Debug)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Table),
    /// What an unknown variable stood for; reported already, fits anywhere.
    Unknown,
}

impl Value {
    /// The type's name for messages.
    fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Unknown => "nothing known",
        }
    }

    /// What was found, for messages: single values as they were written.
    pub fn found(&self) -> String {
        const LONGEST: usize = 40;
        match self {
            Self::Bool(value) => format!("`{value}`"),
            Self::Integer(_) | Self::Float(_) => format!("the number {}", self.describe()),
            Self::Text(text) if text.chars().count() <= LONGEST => format!("the string {text:?}"),
            _ => self.type_name().into(),
        }
    }

    /// The value as people write it in one line, for names of variants and messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(value) => value.clone(),
            Self::Unknown => "?".into(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|item| item.value.describe()).collect();
                items.join("+")
            }
            Self::Table(table) => match table.get("name").map(|node| &node.value) {
                Some(Self::Text(name)) => name.clone(),
                _ => {
                    let names: Vec<String> = table
                        .entries
                        .iter()
                        .map(|e| format!("{}={}", e.key, e.node.value.describe()))
                        .collect();
                    names.join(",")
                }
            },
        }
    }
}

/// One `key = value`.
#[derive(Clone, Debug)]
pub struct TableEntry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_place: Place,
    /// The value.
    pub node: Node,
}

/// A table in the order it was written.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The entries.
    pub entries: Vec<TableEntry>,
}

impl Table {
    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The entry under `key`.
    pub fn entry(&self, key: &str) -> Option<&TableEntry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Removes and returns the entry under `key`.
    pub fn take(&mut self, key: &str) -> Option<TableEntry> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }

    /// Puts `over` on top: tables merge key by key, everything else is replaced.
    pub fn merge(&mut self, over: Self) {
        for entry in over.entries {
            match self.entries.iter_mut().find(|mine| mine.key == entry.key) {
                Some(mine) => match (&mut mine.node.value, entry.node.value) {
                    (Value::Table(under), Value::Table(over)) => under.merge(over),
                    (value, over) => {
                        *value = over;
                        mine.node.place = entry.node.place;
                        mine.key_place = entry.key_place;
                    }
                },
                None => self.entries.push(entry),
            }
        }
    }
}

/// Parses a TOML text into a table with places; all syntax errors at once.
///
/// # Errors
/// Each syntax error with its place.
pub fn parse(source: &Source) -> Result<Table, Diagnostics> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    let mut diagnostics = syntax::diagnostics(source, &errors);
    let table = if errors.is_empty() {
        convert_table(table.get_ref(), source, &mut diagnostics)
    } else {
        Table::default()
    };
    diagnostics.or_ok(table)
}

fn convert_table(table: &DeTable<'_>, source: &Source, diagnostics: &mut Diagnostics) -> Table {
    let mut entries: Vec<TableEntry> = table
        .iter()
        .map(|(key, value)| TableEntry {
            key: key.get_ref().to_string(),
            key_place: source.place(key.span()),
            node: convert(
                value.get_ref(),
                source.place(value.span()),
                source,
                diagnostics,
            ),
        })
        .collect();
    // The parser sorts keys; people think in the order of the text.
    entries.sort_by_key(|entry| entry.key_place.range.start);
    Table { entries }
}

fn convert(
    value: &DeValue<'_>,
    place: Place,
    source: &Source,
    diagnostics: &mut Diagnostics,
) -> Node {
    let value = match value {
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::String(value) => Value::Text(value.to_string()),
        DeValue::Integer(value) => match i64::from_str_radix(value.as_str(), value.radix()) {
            Ok(value) => Value::Integer(value),
            Err(_) => {
                diagnostics.push(
                    Diagnostic::new("manifest::number", "the integer does not fit into 64 bits")
                        .at(&place, format!("expected {} to {}", i64::MIN, i64::MAX)),
                );
                Value::Integer(0)
            }
        },
        DeValue::Float(value) => match value.as_str().replace('_', "").parse::<f64>() {
            Ok(value) if value.is_finite() => Value::Float(value),
            _ => {
                diagnostics.push(
                    Diagnostic::new(
                        "manifest::number",
                        format!("`{}` is not a finite number", value.as_str()),
                    )
                    .at(&place, "expected a finite number"),
                );
                Value::Float(0.0)
            }
        },
        DeValue::Datetime(_) => {
            diagnostics.push(
                Diagnostic::new("manifest::type", "no key takes a date")
                    .at(&place, "TOML reads this as a date")
                    .help("quote it to make it a string"),
            );
            Value::Bool(false)
        }
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| {
                    convert(
                        item.get_ref(),
                        source.place(item.span()),
                        source,
                        diagnostics,
                    )
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, source, diagnostics)),
    };
    Node { value, place }
}
