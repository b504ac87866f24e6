//! `corpora.toml`: all corpora the project knows, by name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::CorpusConfig;

/// Lists and tables are in one another no deeper than this. The parser has a limit too, but several of them multiply.
const MOST_NESTED: usize = 64;

/// The content of `corpora.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpora {
    /// Folder that holds the folders of all corpora; relative to the file.
    pub folder: PathBuf,
    /// The `[corpus.<name>]` tables.
    #[serde(rename = "corpus", default)]
    pub corpora: BTreeMap<String, CorpusConfig>,
}

impl Corpora {
    /// Reads the text of `corpora.toml`.
    ///
    /// # Errors
    /// Where the text is not TOML or is nested too deep, a key is unknown or missing, a value has the wrong type, or a corpus name has other
    /// characters than ASCII letters, digits, `-`, `_` and `.`: it is the first part of utterance ids and of file
    /// names.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        // Only a table that is not deep can be read as what it means: that calls itself for every level.
        if DeTable::parse(text)?
            .get_ref()
            .values()
            .any(|value| is_deep(value.get_ref(), MOST_NESTED))
        {
            return Err(toml::de::Error::custom(format!(
                "lists and tables are nested more than {MOST_NESTED} deep"
            )));
        }
        let corpora: Self = toml::from_str(text)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let bad =
            |name: &&String| name.is_empty() || name.starts_with('.') || !name.chars().all(plain);
        match corpora.corpora.keys().find(bad) {
            Some(name) => Err(toml::de::Error::custom(format!(
                "corpus name {name:?} must consist of letters, digits, `-`, `_` and `.`"
            ))),
            None => Ok(corpora),
        }
    }
}

/// Whether a value has more than `most` lists and tables in one another.
fn is_deep(value: &DeValue<'_>, most: usize) -> bool {
    let mut inside: Box<dyn Iterator<Item = &DeValue<'_>>> = match value {
        DeValue::Array(items) => Box::new(items.iter().map(Spanned::get_ref)),
        DeValue::Table(table) => Box::new(table.values().map(Spanned::get_ref)),
        _ => return false,
    };
    most == 0 || inside.any(|value| is_deep(value, most - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_nesting_is_an_error() {
        let keys = vec!["a"; 78].join(".");
        let tables = format!("{keys} = {{ ").repeat(75) + "a = 1" + &" }".repeat(75);
        for text in [
            format!("folder = \"corpora\"\nx = {{ {tables} }}"),
            format!("folder = {}{}", "[".repeat(70), "]".repeat(70)),
        ] {
            let told = Corpora::parse(&text).unwrap_err();
            assert!(told.message().contains("more than 64 deep"), "{told}");
        }
        let told = Corpora::parse("folder = [[1]]").unwrap_err();
        assert!(told.message().contains("invalid type"), "{told}");
    }
}
