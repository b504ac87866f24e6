//! TOML values and tables that remember where they were written.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::source::Place;

use super::limits::VALUE_BYTES;

/// Tables with more entries are searched by hash.
const FEW: usize = 16;

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

    /// A number of either type. -0.0 and 0.0 are one value, so one key.
    pub fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Integer(number) => *number as f64,
            Self::Float(number) => *number,
            _ => return None,
        };
        Some(if number == 0.0 { 0.0 } else { number })
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

/// A table in the order it was written; every key is there once.
#[derive(Debug, Default)]
pub struct Table {
    entries: Vec<TableEntry>,
    /// Positions by key, once they were asked for; in a box, since every value has room for a table.
    positions: OnceCell<Box<Positions>>,
}

/// Where entries are, by key.
#[derive(Debug)]
struct Positions(HashMap<String, usize>);

impl Table {
    /// The entries in order.
    pub fn entries(&self) -> &[TableEntry] {
        &self.entries
    }

    /// The values, with their places and those of their keys, to be changed.
    pub fn nodes_mut(&mut self) -> impl Iterator<Item = (&mut Place, &mut Node)> {
        let entries = self.entries.iter_mut();
        entries.map(|entry| (&mut entry.key_place, &mut entry.node))
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The entry under `key`.
    pub fn entry(&self, key: &str) -> Option<&TableEntry> {
        self.position(key).map(|position| &self.entries[position])
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= FEW {
            return self.entries.iter().position(|entry| entry.key == key);
        }
        let positions = self.positions.get_or_init(|| {
            let keys = self.entries.iter().map(|entry| entry.key.clone());
            Box::new(Positions(keys.zip(0..).collect()))
        });
        positions.0.get(key).copied()
    }

    /// Removes and returns the entry under `key`.
    pub fn take(&mut self, key: &str) -> Option<TableEntry> {
        let position = self.position(key)?;
        self.positions.take();
        Some(self.entries.remove(position))
    }

    fn push(&mut self, entry: TableEntry) {
        if let Some(positions) = self.positions.get_mut() {
            positions.0.insert(entry.key.clone(), self.entries.len());
        }
        self.entries.push(entry);
    }

    /// Puts `over` on top: tables merge key by key, everything else is replaced. Takes time in proportion to `over`.
    pub fn merge(&mut self, over: Self) {
        if self.entries.is_empty() {
            *self = over;
            return;
        }
        for entry in over.entries {
            let Some(position) = self.position(&entry.key) else {
                self.push(entry);
                continue;
            };
            let mine = &mut self.entries[position];
            match (&mut mine.node.value, entry.node.value) {
                (Value::Table(under), Value::Table(over)) => under.merge(over),
                (value, over) => {
                    *value = over;
                    mine.node.place = entry.node.place;
                    mine.key_place = entry.key_place;
                }
            }
        }
    }
}

/// The positions are not copied: most copies are read once.
impl Clone for Table {
    fn clone(&self) -> Self {
        self.entries.iter().cloned().collect()
    }
}

impl FromIterator<TableEntry> for Table {
    fn from_iter<T: IntoIterator<Item = TableEntry>>(entries: T) -> Self {
        Self {
            entries: entries.into_iter().collect(),
            positions: OnceCell::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::parse::parse;
    use crate::source::Source;

    use super::*;

    fn table(text: &str) -> Table {
        parse(&Source::new("test.toml", text)).unwrap()
    }

    fn numbered(numbers: std::ops::Range<usize>, value: &str) -> Table {
        let lines = numbers.map(|number| format!("k{number} = {value}\n"));
        table(&lines.collect::<String>())
    }

    #[test]
    fn large_tables_find_take_and_merge_as_small_ones_do() {
        for count in [3, 100] {
            let mut merged = numbered(0..count, "1");
            assert!(merged.get("k2").is_some() && merged.get("x").is_none());
            merged.merge(numbered(2..count + 2, "2"));
            let shown = |table: &Table| -> Vec<String> {
                let entries = table.entries().iter();
                entries
                    .map(|entry| format!("{}={}", entry.key, entry.node.value.describe()))
                    .collect()
            };
            let mut expected = vec!["k0=1".to_owned(), "k1=1".to_owned()];
            expected.extend((2..count + 2).map(|number| format!("k{number}=2")));
            assert_eq!(shown(&merged), expected);
            assert_eq!(shown(&merged.clone()), expected);
            assert_eq!(merged.take("k0").unwrap().node.value.describe(), "1");
            let last = format!("k{}", count + 1);
            assert_eq!(merged.get(&last).unwrap().value.describe(), "2");
            assert!(merged.take("k0").is_none());
        }
    }

    #[test]
    fn tables_in_tables_are_merged_key_by_key() {
        let mut under = table("a = { x = 1, y = 2 }\nb = { x = 1 }");
        under.merge(table("a = { y = 3, z = 4 }\nb = 5"));
        let entries = under.entries().iter();
        let values: Vec<String> = entries.map(|entry| entry.node.value.describe()).collect();
        assert_eq!(values, ["x=1,y=3,z=4", "5"]);
    }

    #[test]
    fn values_count_their_texts_and_what_they_take() {
        let table = table("a = [1, \"two\", { three = [] }]");
        let extent = table.get("a").unwrap().value.extent();
        let bytes = ("two".len() + "three".len()) as u64 + 5 * VALUE_BYTES;
        assert_eq!(extent, Extent { bytes, depth: 3 });
    }
}
