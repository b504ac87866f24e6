//! When an `audit` fails: the parameter `fail_on`, a word for all errors or a table that names some.

use std::collections::{BTreeMap, BTreeSet};

use pipe_engine::manifest::Parameter;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::stage::leak_policy::{ON_LEAK, OnLeak};

/// What may be an error, by the code without `audit::`.
pub const ERRORS: &[Parameter] = &[
    Parameter::optional(
        "shared_speaker",
        ON_LEAK,
        "A speaker in more than one split.",
    ),
    Parameter::optional(
        "shared_segment",
        ON_LEAK,
        "Overlapping segments of a recording in more than one split.",
    ),
    Parameter::optional(
        "shared_audio",
        ON_LEAK,
        "The same file in more than one split.",
    ),
    Parameter::optional(
        "shared_copy",
        ON_LEAK,
        "The same sound in more than one split.",
    ),
    Parameter::optional(
        "class_missing_in_training",
        ON_LEAK,
        "A held-out class that training lacks.",
    ),
    Parameter::optional(
        "corpus_determines_class",
        ON_LEAK,
        "Corpora with one class each.",
    ),
    Parameter::optional(
        "fact_determines_class",
        ON_LEAK,
        "A fact of files that alone tells the class.",
    ),
];

/// When the step fails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum FailOn {
    /// For every error, or for none.
    All(Word),
    /// For every error but those of the kinds that are to be warned of.
    Named(BTreeMap<String, OnLeak>),
}

/// What holds for every finding that is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// The step fails.
    Error,
    /// The step continues.
    Never,
}

impl FailOn {
    /// That of a step with these parameters.
    pub fn of(parameters: &Map<String, Json>) -> Self {
        let written = parameters.get("fail_on").cloned();
        let fail_on = written.and_then(|written| serde_json::from_value(written).ok());
        fail_on.unwrap_or(Self::All(Word::Error))
    }

    /// Whether there are findings for which the step fails.
    pub fn fails(&self) -> bool {
        *self != Self::All(Word::Never)
    }

    /// Adds the kinds that are named to those that `leaks` puts up with; what is named decides.
    pub fn add_to(&self, allowed: &mut BTreeMap<String, String>) {
        let Self::Named(named) = self else { return };
        for (kind, on_leak) in named {
            match on_leak {
                OnLeak::Warn => {
                    allowed.insert(kind.clone(), "`fail_on` of the audit".to_owned());
                }
                OnLeak::Error => {
                    allowed.remove(kind);
                }
            }
        }
    }

    /// The line of a manifest that makes findings of these codes warnings, and what is one already.
    pub fn line<'c>(&self, codes: impl Iterator<Item = &'c str>) -> String {
        let mut kinds: BTreeSet<&str> = codes
            .map(|code| code.trim_start_matches("audit::"))
            .collect();
        if let Self::Named(named) = self {
            let warned = named
                .iter()
                .filter(|(_, on_leak)| **on_leak == OnLeak::Warn);
            kinds.extend(warned.map(|(kind, _)| kind.as_str()));
        }
        let entries: Vec<String> = kinds
            .iter()
            .map(|kind| format!("{kind} = \"warn\""))
            .collect();
        format!("fail_on = {{ {} }}", entries.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fail_on(written: Json) -> FailOn {
        FailOn::of(&Map::from_iter([("fail_on".to_owned(), written)]))
    }

    #[test]
    fn a_table_says_of_each_kind_what_it_is_and_leaks_of_the_others() {
        let table = fail_on(json!({ "shared_copy": "warn", "shared_audio": "error" }));
        let of_leaks = |kind: &str| (kind.to_owned(), "`leaks` of a".to_owned());
        let mut allowed = BTreeMap::from(["shared_audio", "shared_speaker"].map(of_leaks));
        table.add_to(&mut allowed);
        let allowed: Vec<(&str, &str)> = allowed
            .iter()
            .map(|(kind, whose)| (kind.as_str(), whose.as_str()))
            .collect();
        assert_eq!(
            allowed,
            [
                ("shared_copy", "`fail_on` of the audit"),
                ("shared_speaker", "`leaks` of a")
            ]
        );
        assert!(table.fails() && fail_on(json!("error")).fails());
        assert!(!fail_on(json!("never")).fails());
        assert_eq!(
            table.line(["audit::class_missing_in_training"].into_iter()),
            "fail_on = { class_missing_in_training = \"warn\", shared_copy = \"warn\" }"
        );
    }
}
