//! The header of a database in audformat, `db.yaml`: what it says of tables, columns and schemes.
//!
//! Described in the documentation of audformat 1.3, "Database" and "Table".

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// What is read of a header.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Header {
    /// Kinds of values, by name.
    #[serde(default)]
    pub schemes: BTreeMap<String, Scheme>,
    /// Tables of files and segments, by name.
    #[serde(default)]
    pub tables: BTreeMap<String, TableHeader>,
    /// Tables of other things, such as speakers, by name.
    #[serde(default)]
    pub misc_tables: BTreeMap<String, TableHeader>,
}

/// A kind of values.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Scheme {
    /// The values: a list, a mapping with more about each, or the name of a table of them.
    #[serde(default)]
    labels: Value,
}

/// A table without its rows.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TableHeader {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    split_id: Option<String>,
    /// The columns that identify the rows of a table of other things.
    #[serde(default)]
    levels: Value,
    #[serde(default)]
    columns: Option<BTreeMap<String, Option<Column>>>,
}

#[derive(Debug, Default, Deserialize)]
struct Column {
    #[serde(default)]
    scheme_id: Option<String>,
}

impl Header {
    /// Reads the text of `db.yaml`.
    ///
    /// # Errors
    /// What is wrong and where, as a fragment, where it is no YAML, or has values of other types than a header has.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_string())?;
        serde_saphyr::from_str(text).map_err(|error| {
            let told = error.to_string();
            told.lines().next().unwrap_or_default().to_string()
        })
    }
}

impl Scheme {
    /// The table that has its values.
    pub fn labels_table(&self) -> Option<&str> {
        self.labels.as_str()
    }

    /// Its values with what the mapping says of `property` of each.
    pub fn labels_with<'s>(
        &'s self,
        property: &'s str,
    ) -> impl Iterator<Item = (&'s str, &'s str)> {
        let labels = self.labels.as_object().into_iter().flatten();
        labels.filter_map(move |(label, about)| {
            Some((label.as_str(), about.get(property)?.as_str()?))
        })
    }
}

impl TableHeader {
    /// Whether its rows are segments of files.
    pub fn is_segmented(&self) -> bool {
        self.kind.as_deref() == Some("segmented")
    }

    /// The split that all its rows belong to.
    pub fn split(&self) -> Option<&str> {
        self.split_id.as_deref()
    }

    /// Its columns and their schemes.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.columns.iter().flatten().map(|(name, column)| {
            let scheme = column
                .as_ref()
                .and_then(|column| column.scheme_id.as_deref());
            (name.as_str(), scheme)
        })
    }

    /// The column of this name; otherwise the only one of this scheme.
    pub fn column(&self, wanted: &str) -> Option<&str> {
        let named = self.columns().find(|(name, _)| *name == wanted);
        let mut of_scheme = self.columns().filter(|(_, scheme)| *scheme == Some(wanted));
        let only = match (of_scheme.next(), of_scheme.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        };
        named.or(only).map(|(name, _)| name)
    }

    /// The only column that identifies its rows.
    pub fn level(&self) -> Option<&str> {
        let mut names: Box<dyn Iterator<Item = &str>> = match &self.levels {
            Value::Object(levels) => Box::new(levels.keys().map(String::as_str)),
            Value::Array(levels) => Box::new(levels.iter().filter_map(Value::as_str)),
            Value::String(level) => Box::new(std::iter::once(level.as_str())),
            _ => return None,
        };
        match (names.next(), names.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }
}
