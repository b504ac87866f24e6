//! From a TOML text to tables that remember where everything was written.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::source::Source;

use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::nesting::{MOST_NESTED, nested_too_deep};
use super::syntax;
use super::value::{Node, Table, TableEntry, Value};

/// A text of more bytes with syntax errors is given the first of them only: it may have one at every byte.
const EVERY_ERROR_BYTES: usize = 256 << 10;

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
    fn of_a_long_text_the_first_syntax_error_is_reported() {
        let wrong = "= 1\n".repeat(EVERY_ERROR_BYTES / 4);
        assert!(parsed(&wrong).unwrap_err().count() > 1000);
        assert_eq!(parsed(&(wrong + "= 1\n")).unwrap_err().count(), 1);
    }
}
