//! Typed look-ups in the `options` of a corpus.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::corpus::error::nearest_first;
use crate::corpus::{CorpusConfig, CorpusError};

/// The options of one corpus, all of them known to its reader.
pub(super) struct Options<'a> {
    corpus: &'a str,
    values: &'a BTreeMap<String, Value>,
}

impl<'a> Options<'a> {
    /// The options of `corpus`.
    ///
    /// # Errors
    /// [`CorpusError::UnknownOption`] for the first option that is not among the `known` ones of its reader.
    pub fn new(
        corpus: &'a str,
        config: &'a CorpusConfig,
        known: &[&str],
    ) -> Result<Self, CorpusError> {
        for option in config.options.keys() {
            if !known.contains(&option.as_str()) {
                return Err(CorpusError::UnknownOption {
                    corpus: corpus.to_string(),
                    reader: config.reader.clone(),
                    option: option.clone(),
                    known: if known.is_empty() {
                        "it has none: remove the key".to_string()
                    } else {
                        format!("options: {}", nearest_first(option, known))
                    },
                });
            }
        }
        Ok(Self {
            corpus,
            values: &config.options,
        })
    }

    /// An error about `option`.
    pub fn error(&self, option: &str, reason: impl Into<String>, help: &str) -> CorpusError {
        CorpusError::BadOption {
            corpus: self.corpus.to_string(),
            option: option.to_string(),
            reason: reason.into(),
            help: help.to_string(),
        }
    }

    /// A text.
    pub fn text(&self, option: &str) -> Result<Option<&'a str>, CorpusError> {
        match self.values.get(option) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(option, other, "a string in quotes")),
        }
    }

    /// A list of texts.
    pub fn texts(&self, option: &str) -> Result<Option<Vec<&'a str>>, CorpusError> {
        let help = "a list of strings, such as [\"a\", \"b\"]";
        match self.values.get(option) {
            None => Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| {
                    item.as_str()
                        .ok_or_else(|| self.wrong_type(option, item, help))
                })
                .collect::<Result<_, _>>()
                .map(Some),
            Some(other) => Err(self.wrong_type(option, other, help)),
        }
    }

    /// A whole number from 0 to 65,535.
    pub fn index(&self, option: &str) -> Result<Option<u16>, CorpusError> {
        match self.values.get(option) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .and_then(|number| u16::try_from(number).ok())
                .map(Some)
                .ok_or_else(|| self.wrong_type(option, value, "a non-negative integer")),
        }
    }

    /// A table of texts; numbers are taken as they are written.
    pub fn map(&self, option: &str) -> Result<BTreeMap<&'a str, String>, CorpusError> {
        let help = "a table of strings, such as { path = \"file\" }";
        match self.values.get(option) {
            None => Ok(BTreeMap::new()),
            Some(Value::Object(items)) => items
                .iter()
                .map(|(key, value)| match value {
                    Value::String(text) => Ok((key.as_str(), text.clone())),
                    Value::Number(number) => Ok((key.as_str(), number.to_string())),
                    other => Err(self.wrong_type(option, other, help)),
                })
                .collect(),
            Some(other) => Err(self.wrong_type(option, other, help)),
        }
    }

    fn wrong_type(&self, option: &str, value: &Value, wanted: &str) -> CorpusError {
        self.error(
            option,
            format!("cannot be {value}"),
            &format!("set it to {wanted}"),
        )
    }
}
