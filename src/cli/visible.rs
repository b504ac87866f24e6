//! Text for a terminal in which control characters are shown, not executed.
//!
//! Names, labels, errors and the output of programs come from strangers. A terminal would obey escape sequences in them,
//! and bidirectional controls make text look like other text.

use std::borrow::Cow;

/// The text with control and bidirectional characters written as `\u001b`; colours, line breaks and tabs stay as they
/// are. In JSON the written form means the same character.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match colour(rest) {
            Some(length) => {
                shown.push_str(&rest[..length]);
                length
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

/// The length of the colour sequence that `text` starts with. Sequences that hide text or make it blink are none.
fn colour(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\u{1b}[")?;
    let end = inside.find('m')?;
    let mut codes = inside[..end].split(';');
    while let Some(code) = codes.next() {
        match code.parse::<u8>().ok().or(code.is_empty().then_some(0))? {
            // A colour of a palette of 256, or of red, green and blue.
            38 | 48 => {
                let arguments = match codes.next()? {
                    "5" => 1,
                    "2" => 3,
                    _ => return None,
                };
                for _ in 0..arguments {
                    codes.next()?.parse::<u8>().ok()?;
                }
            }
            0..=4 | 22..=24 | 30..=37 | 39..=47 | 49 | 90..=97 => {}
            _ => return None,
        }
    }
    Some("\u{1b}[".len() + end + 1)
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
            ("\u{1b}[8mhidden\u{1b}[0m", "\\u001b[8mhidden\u{1b}[0m"),
            ("\u{1b}[5;31mblinks", "\\u001b[5;31mblinks"),
            ("\u{1b}[", "\\u001b["),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn colours_stay_and_text_without_controls_is_not_copied() {
        for text in [
            "\u{1b}[31mred\u{1b}[0m",
            "\u{1b}[1;4;38;5;14mbold\u{1b}[m",
            "\u{1b}[38;2;1;2;3mtrue\u{1b}[39m",
        ] {
            assert_eq!(visible(text), text);
        }
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
