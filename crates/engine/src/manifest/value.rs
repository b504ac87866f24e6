//! TOML values that remember where they were written.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::source::{Place, Source};

use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::limits::VALUE_BYTES;
use super::syntax;
pub use super::table::{Table, TableEntry};

/// Lists and tables are in one another no deeper than this: what goes through them calls itself. The parser has such a
/// limit too, but another one for dotted keys, and variables could pile up more.
pub const MOST_NESTED: usize = 64;

/// A text of more bytes with syntax errors is told the first of them only: it may have one at every byte.
const EVERY_ERROR_BYTES: usize = 256 << 10;

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
    /// Whether it has parts.
    pub fn is_list_or_table(&self) -> bool {
        matches!(self, Self::List(_) | Self::Table(_))
    }

    /// The type's name for messages.
    pub fn type_name(&self) -> &'static str {
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
                        .entries()
                        .iter()
                        .map(|e| format!("{}={}", e.key, e.node.value.describe()))
                        .collect();
                    names.join(",")
                }
            },
        }
    }
}

/// How much a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of its texts and keys, and of each value in it what it takes besides.
    pub bytes: u64,
    /// How many lists and tables are in one another.
    pub depth: usize,
}

impl Value {
    /// How much it is.
    pub fn extent(&self) -> Extent {
        let inside = |parts: &mut dyn Iterator<Item = (u64, &Self)>| {
            let mut extent = Extent::default();
            for (key_bytes, value) in parts {
                let part = value.extent();
                extent.bytes += key_bytes + part.bytes;
                extent.depth = extent.depth.max(part.depth);
            }
            extent.depth += 1;
            extent
        };
        let mut extent = match self {
            Self::Text(text) => Extent {
                bytes: text.len() as u64,
                depth: 0,
            },
            Self::List(items) => inside(&mut items.iter().map(|item| (0, &item.value))),
            Self::Table(table) => inside(&mut table.entries().iter().map(|entry| {
                let key_bytes = entry.key.len() as u64;
                (key_bytes, &entry.node.value)
            })),
            Self::Bool(_) | Self::Integer(_) | Self::Float(_) | Self::Unknown => Extent::default(),
        };
        extent.bytes += VALUE_BYTES;
        extent
    }
}

/// Parses a TOML text into a table with places; all syntax errors at once, unless the text is very long.
///
/// # Errors
/// Each syntax error with its place.
pub fn parse(source: &Source) -> Result<Table, Diagnostics> {
    let text = source.text();
    let (table, errors) = match text.len() <= EVERY_ERROR_BYTES {
        true => DeTable::parse_recoverable(text),
        false => match DeTable::parse(text) {
            Ok(table) => (table, Vec::new()),
            Err(error) => (Spanned::new(0..0, DeTable::new()), vec![error]),
        },
    };
    let mut diagnostics = syntax::diagnostics(source, &errors);
    let table = match errors.is_empty() {
        true => Reading {
            source,
            diagnostics: &mut diagnostics,
        }
        .table(table.get_ref(), 0),
        false => Table::default(),
    };
    diagnostics.or_ok(table)
}

/// Turns what the parser found into tables of ours.
struct Reading<'a> {
    source: &'a Source,
    diagnostics: &'a mut Diagnostics,
}

impl Reading<'_> {
    /// `depth` is the number of lists and tables around it.
    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Table {
        let mut entries: Vec<TableEntry> = table
            .iter()
            .map(|(key, value)| TableEntry {
                key: key.get_ref().to_string(),
                key_place: self.source.place(key.span()),
                node: self.node(value, depth),
            })
            .collect();
        // The parser sorts keys; people think in the order of the text.
        entries.sort_by_key(|entry| entry.key_place.range.start);
        entries.into_iter().collect()
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>, depth: usize) -> Node {
        let place = self.source.place(value.span());
        let value = match value.get_ref() {
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::String(value) => Value::Text(value.to_string()),
            DeValue::Integer(value) => match i64::from_str_radix(value.as_str(), value.radix()) {
                Ok(value) => Value::Integer(value),
                Err(_) => self.wrong(
                    Diagnostic::new("manifest::number", "the integer does not fit into 64 bits")
                        .at(&place, format!("expected {} to {}", i64::MIN, i64::MAX)),
                ),
            },
            DeValue::Float(value) => match value.as_str().replace('_', "").parse::<f64>() {
                Ok(value) if value.is_finite() => Value::Float(value),
                _ => self.wrong(
                    Diagnostic::new(
                        "manifest::number",
                        format!("`{}` is not a finite number", value.as_str()),
                    )
                    .at(&place, "expected a finite number"),
                ),
            },
            DeValue::Datetime(_) => self.wrong(
                Diagnostic::new("manifest::type", "no key takes a date")
                    .at(&place, "TOML reads this as a date")
                    .help("quote it to make it a string"),
            ),
            DeValue::Array(_) | DeValue::Table(_) if depth == MOST_NESTED => {
                self.wrong(nested_too_deep(&place))
            }
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.node(item, depth + 1));
                Value::List(items.collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table, depth + 1)),
        };
        Node { value, place }
    }

    fn wrong(&mut self, diagnostic: Diagnostic) -> Value {
        self.diagnostics.push(diagnostic);
        Value::Unknown
    }
}

/// What is wrong with a value that has too many lists and tables in one another.
pub fn nested_too_deep(place: &Place) -> Diagnostic {
    Diagnostic::new(
        "manifest::nested",
        format!("lists and tables are nested more than {MOST_NESTED} deep"),
    )
    .at(place, "too deep")
    .help("no key of a manifest needs this; write the value with fewer levels")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Table, Diagnostics> {
        parse(&Source::new("test.toml", text))
    }

    #[test]
    fn nesting_has_a_limit_however_it_is_written() {
        let lists = |depth: usize| format!("a = {}{}", "[".repeat(depth), "]".repeat(depth));
        let dotted = |depth: usize| format!("{} = 1", vec!["a"; depth + 1].join("."));
        let mixed = |depth: usize| {
            let keys = vec!["a"; 70].join(".");
            let braces = depth / 70;
            format!(
                "{}1{}",
                format!("{keys} = {{ ").repeat(braces),
                "}".repeat(braces)
            )
            .replacen("{ 1", "{ a = 1", 1)
        };
        for write in [&lists as &dyn Fn(usize) -> String, &dotted] {
            assert!(parsed(&write(MOST_NESTED)).is_ok());
            let told = parsed(&write(MOST_NESTED + 1)).unwrap_err();
            assert_eq!(told.count(), 1);
            assert!(told.shown()[0].to_string().contains("nested more than 64"));
        }
        // As deep as the parser allows with both.
        let told = parsed(&mixed(70 * 70)).unwrap_err();
        assert!(told.shown()[0].to_string().contains("nested more than 64"));
        // Deeper than the parser allows.
        for deep in [lists(100_000), dotted(100_000)] {
            assert!(parsed(&deep).is_err());
        }
    }

    #[test]
    fn values_count_their_texts_and_what_they_take() {
        let table = parsed("a = [1, \"two\", { three = [] }]").unwrap();
        let extent = table.get("a").unwrap().value.extent();
        let bytes = ("two".len() + "three".len()) as u64 + 5 * VALUE_BYTES;
        assert_eq!(extent, Extent { bytes, depth: 3 });
    }

    #[test]
    fn of_a_long_text_the_first_syntax_error_is_told() {
        let wrong = "= 1\n".repeat(EVERY_ERROR_BYTES / 4);
        assert!(parsed(&wrong).unwrap_err().count() > 1000);
        assert_eq!(parsed(&(wrong + "= 1\n")).unwrap_err().count(), 1);
    }
}
