//! `{name}` in the line of a command: replaced by paths, quoted where a shell reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// `text` with every known `{name}` replaced by its path as it is.
pub fn fill(text: &str, places: &BTreeMap<String, PathBuf>) -> String {
    replace(text, places, |_, path| path.to_string())
}

/// `line` with every known `{name}` replaced so that a POSIX shell reads the path as it is, whether the placeholder is
/// bare or between quotes.
pub fn fill_shell(line: &str, places: &BTreeMap<String, PathBuf>) -> String {
    replace(line, places, |before, path| match quote_at_end(before) {
        Quote::None => quoted(path),
        Quote::Single => path.replace('\'', "'\\''"),
        Quote::Double => path
            .chars()
            .flat_map(|c| {
                let escape = matches!(c, '"' | '\\' | '$' | '`').then_some('\\');
                escape.into_iter().chain([c])
            })
            .collect(),
    })
}

/// `text` in single quotes, so that a POSIX shell reads it as it is.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// One pass from left to right: what is put in is not searched again. `write` gets the text before the placeholder.
fn replace(
    text: &str,
    places: &BTreeMap<String, PathBuf>,
    write: impl Fn(&str, &str) -> String,
) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('{').map(|start| at + start) {
        out.push_str(&text[at..start]);
        let inside = &text[start + 1..];
        let known = inside
            .split_once('}')
            .and_then(|(name, _)| Some((name.len() + 2, places.get(name)?)));
        match known {
            Some((length, path)) => {
                out.push_str(&write(&text[..start], &path.to_string_lossy()));
                at = start + length;
            }
            None => {
                out.push('{');
                at = start + 1;
            }
        }
    }
    out.push_str(&text[at..]);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
}

/// Which quotes are open after `text`.
fn quote_at_end(text: &str) -> Quote {
    let mut quote = Quote::None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        quote = match (quote, c) {
            (Quote::None, '\'') => Quote::Single,
            (Quote::None, '"') => Quote::Double,
            (Quote::Single, '\'') | (Quote::Double, '"') => Quote::None,
            (Quote::None | Quote::Double, '\\') => {
                characters.next();
                quote
            }
            _ => quote,
        };
    }
    quote
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str) -> BTreeMap<String, PathBuf> {
        BTreeMap::from([("a".to_string(), PathBuf::from(path))])
    }

    fn shell(line: &str) -> String {
        let output = std::process::Command::new("sh").args(["-c", line]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    }

    #[test]
    fn a_shell_reads_the_path_as_it_is_wherever_the_placeholder_stands() {
        for path in [
            "/plain",
            "/a b/c",
            "/it's",
            "/$HOME `x` \"y\" \\z",
            "/{a}/*",
        ] {
            for (line, expected) in [
                ("printf %s {a}", path.to_string()),
                ("printf %s {a}/file", format!("{path}/file")),
                ("printf %s \"{a}/file\"", format!("{path}/file")),
                ("printf %s '{a}/file'", format!("{path}/file")),
                ("printf %s \\\"{a}", format!("\"{path}")),
                ("printf '%s\\n' {a} {a}", format!("{path}\n{path}\n")),
            ] {
                let filled = fill_shell(line, &places(path));
                assert_eq!(shell(&filled), expected, "{line} became {filled}");
            }
        }
    }

    #[test]
    fn other_braces_stay() {
        let line = "awk '{print $1}' {a} ${HOME} {b} {";
        assert_eq!(
            fill(line, &places("/x")),
            "awk '{print $1}' /x ${HOME} {b} {"
        );
    }

    #[test]
    fn what_was_put_in_is_not_searched_again() {
        assert_eq!(fill("{a}{a}", &places("/{a}")), "/{a}/{a}");
    }
}
