//! A reader that fits a folder or a table.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A reader that fits, and its options.
pub(super) struct Layout {
    /// The reader.
    pub reader: &'static str,
    /// Its options.
    pub options: BTreeMap<String, Value>,
    /// What was found, as comments above the entry.
    pub comments: Vec<String>,
    /// Comments on keys, by `table.key`.
    pub key_comments: BTreeMap<String, String>,
    /// Labels of its rows, whichever come to count.
    pub labels: BTreeSet<String>,
}

impl Layout {
    /// One without options.
    pub fn new(reader: &'static str, comment: impl Into<String>) -> Self {
        Self {
            reader,
            options: BTreeMap::new(),
            comments: vec![comment.into()],
            key_comments: BTreeMap::new(),
            labels: BTreeSet::new(),
        }
    }

    /// With an option more, and a comment on it, if that says anything.
    pub fn option(mut self, name: &str, value: Value, comment: impl Into<String>) -> Self {
        self.options.insert(name.to_string(), value);
        let comment = comment.into();
        if !comment.is_empty() {
            self.key_comments.insert(format!("options.{name}"), comment);
        }
        self
    }
}
