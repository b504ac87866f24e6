//! `{name}` in the line of a command: replaced by paths, quoted where a shell reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::shell_words::quoted;

/// Placeholder of the threads that a program may use.
pub const THREADS: &str = "threads";
/// Placeholder of the numbers of its devices.
pub const DEVICES: &str = "devices";

/// `text` with every known `{name}` replaced by its path as it is.
pub fn fill(text: &str, places: &BTreeMap<String, PathBuf>) -> String {
    replace(text, places, |_, path| path.to_string())
}

/// `line` with every known `{name}` replaced so that a POSIX shell reads the path as it is, whether the placeholder is
/// bare or between quotes.
pub fn fill_shell(line: &str, places: &BTreeMap<String, PathBuf>) -> String {
    let mut quote = Quote::None;
    replace(line, places, |between, path| {
        quote = quote_after(quote, between);
        match quote {
            Quote::None => quoted(path),
            Quote::Single => path.replace('\'', "'\\''"),
            Quote::Double => path
                .chars()
                .flat_map(|c| {
                    let escape = matches!(c, '"' | '\\' | '$' | '`').then_some('\\');
                    escape.into_iter().chain([c])
                })
                .collect(),
        }
    })
}

/// One pass from left to right: what is put in is not searched again. `write` gets the text between the placeholder and
/// the one before it.
fn replace(
    text: &str,
    places: &BTreeMap<String, PathBuf>,
    mut write: impl FnMut(&str, &str) -> String,
) -> String {
    let longest = places.keys().map(String::len).max().unwrap_or_default();
    let mut out = String::new();
    let (mut at, mut last) = (0, 0);
    while let Some(start) = text[at..].find('{').map(|start| at + start) {
        out.push_str(&text[at..start]);
        let inside = &text[start + 1..];
        // A text of braces is not searched to its end at each of them.
        let mut near = inside.bytes().take(longest + 1);
        let known = near
            .position(|byte| byte == b'}')
            .and_then(|length| Some((length + 2, places.get(&inside[..length])?)));
        match known {
            Some((length, path)) => {
                out.push_str(&write(&text[last..start], &path.to_string_lossy()));
                at = start + length;
                last = at;
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

/// Which quotes are open after `text`, where `quote` is open before it.
fn quote_after(mut quote: Quote, text: &str) -> Quote {
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
    fn lines_of_any_length_are_filled_in_one_pass() {
        let open = "{".repeat(1 << 20);
        assert_eq!(fill(&open, &places("/x")), open);
        let line = "'{a}' ".repeat(100_000);
        assert_eq!(fill_shell(&line, &places("/x")), "'/x' ".repeat(100_000));
    }

    #[test]
    fn what_was_put_in_is_not_searched_again() {
        assert_eq!(fill("{a}{a}", &places("/{a}")), "/{a}/{a}");
    }
}
