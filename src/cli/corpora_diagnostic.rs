//! What is wrong with a `corpora.toml`, in the words used for manifests.

use pipe_engine::manifest::{Diagnostic, suggest};
use pipe_engine::source::Source;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The reader's first error as a problem that points into the file.
pub fn diagnostic(source: &Source, error: &toml::de::Error) -> Diagnostic {
    let message = error.message().lines().next().unwrap_or("wrong");
    // Errors that were not the parser's own know no place, but quote what they are about.
    let quoted = || {
        let (_, rest) = message.split_once('"')?;
        let (quoted, _) = rest.split_once('"')?;
        let start = source.text().find(quoted)?;
        Some(start..start + quoted.len())
    };
    let place = source.place(error.span().or_else(quoted).unwrap_or(0..0));
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let names: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        if let Some((found, valid)) = names.split_first() {
            return Diagnostic::new("corpora::unknown_key", format!("unknown key `{found}`"))
                .at(&place, "corpora.toml has no such key here")
                .help(suggest(found, valid.iter().copied()));
        }
    }
    if let Some(name) = message.strip_prefix("missing field ") {
        let name = name.split(" of ").next().unwrap_or(name);
        let message = format!("{} lacks the key {name}", source.name());
        return Diagnostic::new("corpora::missing_key", message)
            .at(&place, format!("needs the key {name}"))
            .help(
                "`pipe corpora add FOLDER` drafts an entry; docs/corpora.md describes every key",
            );
    }
    if let Some((found, expected)) = message
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        let form = form_at(source.text(), place.range.start);
        // The word of the parser for a table, and for a list.
        let expected = match expected {
            "a map" => "a table",
            "a sequence" => "a list",
            other => other,
        };
        return Diagnostic::new("corpora::type", "a value has the wrong type")
            .at(&place, format!("expected {expected}, found the {found}"))
            .help_if(form);
    }
    let form = form_at(source.text(), place.range.start);
    if let Some((message, expected)) = message.split_once(", expected ") {
        return Diagnostic::new("corpora::value", message)
            .at(&place, format!("expected {expected}"))
            .help_if(form);
    }
    let message = match form {
        // The words of the parser are about its own types.
        Some(_) if message.starts_with("wanted ") => "a value has the wrong form",
        _ => message,
    };
    Diagnostic::new("corpora::value", message)
        .at(&place, "cannot be used")
        .help_if(form)
}

/// What to write for a table of a corpus in which the byte `at` is; none for other tables.
fn form_at(text: &str, at: usize) -> Option<&'static str> {
    let table = DeTable::parse(text).ok()?;
    let corpora = table.get_ref().get("corpus")?.get_ref().as_table()?;
    let entries = corpora
        .iter()
        .filter_map(|(_, entry)| entry.get_ref().as_table());
    let mut keys = entries.flat_map(|entry| entry.iter());
    let (key, _) = keys.find(|(_, value)| holds(value, at))?;
    FORMS
        .iter()
        .find(|(name, _)| *name == key.get_ref().as_ref())
        .map(|(_, form)| *form)
}

/// Whether the byte `at` is in a value, or in one of those in it.
fn holds(value: &Spanned<DeValue<'_>>, at: usize) -> bool {
    value.span().contains(&at)
        || match value.get_ref() {
            DeValue::Array(list) => list.iter().any(|value| holds(value, at)),
            DeValue::Table(table) => table.iter().any(|(_, value)| holds(value, at)),
            _ => false,
        }
}

/// What to write for tables of a corpus.
const FORMS: [(&str, &str); 4] = [
    (
        "genders",
        "write each speaker with female or male: genders = { s01 = \"female\", s02 = \"male\" }, or a line for each below [corpus.NAME.genders]",
    ),
    (
        "labels",
        "write each class with its labels: labels = { positive = [\"happy\"], neutral = [\"neutral\"], negative = [\"angry\", \"sad\"] }",
    ),
    (
        "names",
        "write each label with what it means: names = { W = \"anger\", F = \"happiness\" }",
    ),
    (
        "official",
        "write counts of the official distribution: official = { utterances = 535, speakers = 10 }",
    ),
];
