//! `pipe explain`: what the code of an error means, why it is one, an example, and what to do.

use std::io::IsTerminal;

use miette::Diagnostic;
use pipe_engine::manifest::near;
use serde_json::json;

use crate::explain::{Entry, Family, entry, families};

use super::arguments::{Common, ExplainArguments};
use super::console::{print, print_error};
use super::error::CliError;
use super::paint::Paint;
use super::wrapped::wrapped;

/// Explains a code, lists those of a family, or lists all.
pub fn explain(arguments: &ExplainArguments, common: &Common) -> Result<u8, CliError> {
    let paint = Paint::stdout();
    let families: Vec<Family> = families().collect();
    let text = match &arguments.code {
        None if common.json => lines_of_json(families.iter().flat_map(|family| &family.entries)),
        None => listed(&families, paint),
        Some(name) => match families.iter().find(|family| family.name == name) {
            Some(family) if common.json => lines_of_json(&family.entries),
            Some(family) => listed(std::slice::from_ref(family), paint),
            None => {
                let found = named(name, &families)?;
                match common.json {
                    true => lines_of_json([&found]),
                    false => explained(&found, paint),
                }
            }
        },
    };
    print(&text)?;
    Ok(0)
}

/// The entry of a code; its family may be left out where only one has a code of that name.
fn named(name: &str, families: &[Family]) -> Result<Entry, CliError> {
    if let Some(entry) = entry(name) {
        return Ok(entry);
    }
    let entries = || families.iter().flat_map(|family| &family.entries);
    let ends_so = |entry: &&Entry| entry.code.rsplit("::").next() == Some(name);
    let same: Vec<&Entry> = entries().filter(ends_so).collect();
    if let [only] = same[..] {
        return Ok(*only);
    }
    let codes = |entries: &[&Entry]| {
        let quoted = entries.iter().map(|entry| format!("`{}`", entry.code));
        quoted.collect::<Vec<_>>().join(", ")
    };
    let meant = near(name, entries().map(|entry| entry.code));
    let help = match (same.is_empty(), meant.is_empty()) {
        (false, _) => format!("several codes end so: {}", codes(&same)),
        (true, false) => format!("did you mean `{}`?", meant.join("` or `")),
        (true, true) => "`pipe explain` lists all codes".into(),
    };
    Err(CliError::Usage {
        message: format!("no error has the code `{name}`"),
        help,
    })
}

fn listed(families: &[Family], paint: Paint) -> String {
    let family = |family: &Family| {
        let mut text = paint.bold(family.name) + "\n";
        if !family.about.is_empty() {
            text.push_str(&wrapped(family.about, 2));
        }
        for entry in &family.entries {
            text.push_str(&format!("\n  {}\n", entry.code));
            text.push_str(&wrapped(entry.summary(), 6));
        }
        text
    };
    let families: Vec<String> = families.iter().map(family).collect();
    families.join("\n")
}

fn explained(entry: &Entry, paint: Paint) -> String {
    let example: String = entry
        .example
        .lines()
        .map(|line| format!("{}\n", format!("      {line}").trim_end()))
        .collect();
    format!(
        "{}\n\n{}\n{}\n\n{example}\n{}\n\n{}",
        paint.bold(entry.code),
        wrapped(entry.meaning, 2),
        paint.bold("  Example"),
        paint.bold("  What to do"),
        wrapped(entry.what_to_do, 2),
    )
}

fn lines_of_json<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    let line = |entry: &Entry| {
        let object = json!({
            "event": "explanation",
            "code": entry.code,
            "meaning": entry.meaning,
            "example": entry.example,
            "language": entry.language,
            "what_to_do": entry.what_to_do,
        });
        format!("{object}\n")
    };
    entries.into_iter().map(line).collect()
}

/// Says where to read more about errors that were shown, where a person is looking.
pub fn hint_at<'a>(errors: impl IntoIterator<Item = &'a dyn Diagnostic>) {
    if std::io::stderr().is_terminal()
        && let Some(hint) = hint(errors)
    {
        print_error(&hint);
    }
}

/// Where to read more about errors; none where there is no more.
pub fn hint<'a>(errors: impl IntoIterator<Item = &'a dyn Diagnostic>) -> Option<String> {
    /// Its errors differ too much for an entry to say more than each of them.
    const OF_ALL_KINDS: &str = "cli::usage";
    let codes = errors.into_iter().filter_map(|error| error.code());
    let codes = codes.map(|code| code.to_string());
    let mut codes = codes.filter(|code| code != OF_ALL_KINDS && entry(code).is_some());
    let first = codes.next()?;
    Some(match codes.any(|code| code != first) {
        true => format!("for more: pipe explain CODE, such as pipe explain {first}"),
        false => format!("for more: pipe explain {first}"),
    })
}

#[cfg(test)]
mod tests {
    use miette::MietteDiagnostic;

    use super::*;

    #[test]
    fn errors_are_followed_by_where_to_read_more() {
        let hint_of = |codes: &[&str]| {
            let errors = codes
                .iter()
                .map(|code| MietteDiagnostic::new("no").with_code(*code));
            let errors: Vec<MietteDiagnostic> = errors.collect();
            hint(errors.iter().map(|error| error as &dyn Diagnostic))
        };
        let one = "for more: pipe explain manifest::type";
        assert_eq!(hint_of(&["manifest::type"]).as_deref(), Some(one));
        assert_eq!(
            hint_of(&["manifest::type", "manifest::type"]).as_deref(),
            Some(one)
        );
        let several = "for more: pipe explain CODE, such as pipe explain manifest::type";
        assert_eq!(
            hint_of(&["manifest::type", "manifest::range"]).as_deref(),
            Some(several)
        );
        assert_eq!(hint_of(&["cli::usage"]), None);
        assert_eq!(hint_of(&["no::such"]), None);
        assert_eq!(hint_of(&[]), None);
    }
}
