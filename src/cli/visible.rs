//! Text for a terminal in which control characters are shown, not executed.
//!
//! Names, labels, errors and the output of programs come from strangers. A terminal would obey escape sequences in them,
//! and bidirectional controls make text look like other text. Even a colour can hide text, so only those that this
//! program has set are passed on: they are marked by a number that nobody else knows.

use std::borrow::Cow;
use std::sync::LazyLock;

use pipe_foundation::system::{RealSystem, System};

const ESCAPE: char = '\u{1b}';

/// What stands for the escape character of our own colours until they are written.
static OWN_ESCAPE: LazyLock<String> =
    LazyLock::new(|| format!("{ESCAPE}{:016x}", RealSystem.unique()));

/// Text in the colour, or the other rendition, that has this code; [`visible`] lets it through.
pub fn coloured(code: impl std::fmt::Display, text: &str) -> String {
    let own = &*OWN_ESCAPE;
    format!("{own}[{code}m{text}{own}[0m")
}

/// A text in which all escape characters are of our own colours, since what strangers wrote was cleaned before.
pub fn with_own_colours(text: &str) -> String {
    text.replace(ESCAPE, &OWN_ESCAPE)
}

/// The text with escape characters written as `\u001b`, to be put into one with our own colours.
pub fn without_escapes(text: &str) -> String {
    text.replace(ESCAPE, "\\u001b")
}

/// The text with control and bidirectional characters written as `\u001b`; our own colours, line breaks and tabs stay as
/// they are. In JSON the written form means the same character.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match own_colour(rest) {
            Some(sequence) => {
                shown.push(ESCAPE);
                shown.push_str(sequence);
                OWN_ESCAPE.len() + sequence.len()
            }
            None if is_hidden(first) => {
                shown.push_str(&format!("\\u{:04x}", u32::from(first)));
                first.len_utf8()
            }
            None => {
                shown.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    Cow::Owned(shown)
}

/// True for what a terminal obeys, or shows as nothing while it changes what else is shown.
fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => true,
        c => c.is_control(),
    }
}

/// The sequence of one of our own colours that `text` starts with, without its escape character.
fn own_colour(text: &str) -> Option<&str> {
    let after = text.strip_prefix(&**OWN_ESCAPE)?;
    let end = after.strip_prefix('[')?.find('m')?;
    Some(&after[..="[".len() + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (text, shown) in [
            ("plain: ä, 😀, \t and\nlines", "plain: ä, 😀, \t and\nlines"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("\u{1b}[2J\u{1b}[H", "\\u001b[2J\\u001b[H"),
            ("over\rwritten\u{8}", "over\\u000dwritten\\u0008"),
            ("\u{202e}txt.exe", "\\u202etxt.exe"),
            ("\u{9b}31m and \u{7f}", "\\u009b31m and \\u007f"),
            ("\u{1b}[8mhidden\u{1b}[0m", "\\u001b[8mhidden\\u001b[0m"),
            ("\u{1b}[30;40mhidden", "\\u001b[30;40mhidden"),
            ("\u{1b}[5;31mblinks", "\\u001b[5;31mblinks"),
            ("\u{1b}[", "\\u001b["),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn our_own_colours_stay_and_text_without_controls_is_not_copied() {
        assert_eq!(visible(&coloured(31, "red")), "\u{1b}[31mred\u{1b}[0m");
        let rendered = "\u{1b}[1;4;38;5;14mbold\u{1b}[m";
        assert_eq!(visible(&with_own_colours(rendered)), rendered);
        let mixed = coloured(31, "a\u{1b}[32mb");
        assert_eq!(visible(&mixed), "\u{1b}[31ma\\u001b[32mb\u{1b}[0m");
        assert_eq!(without_escapes("a\u{1b}[32mb"), "a\\u001b[32mb");
        assert!(matches!(visible("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ "label": "\u{202e}a\u{1b}" });
        let written = visible(&value.to_string()).into_owned();
        assert!(!written.contains('\u{202e}'));
        let back: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(back, value);
    }
}
