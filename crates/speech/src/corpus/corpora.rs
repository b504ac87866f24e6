//! `corpora.toml`: all corpora the project knows, by name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::CorpusConfig;

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
    /// Where the text is not TOML, a key is unknown or missing, a value has the wrong type, or a corpus name has other
    /// characters than ASCII letters, digits, `-`, `_` and `.`: it is the first part of utterance ids and of file
    /// names.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
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
