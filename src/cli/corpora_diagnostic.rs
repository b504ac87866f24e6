//! What is wrong with a `corpora.toml`, in the words used for manifests.

use pipe_engine::manifest::{Diagnostic, suggest};
use pipe_engine::source::Source;

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
        return Diagnostic::new("corpora::type", "a value has the wrong type")
            .at(&place, format!("expected {expected}, found the {found}"));
    }
    if let Some((message, expected)) = message.split_once(", expected ") {
        return Diagnostic::new("corpora::value", message)
            .at(&place, format!("expected {expected}"));
    }
    Diagnostic::new("corpora::value", message).at(&place, "cannot be used")
}
