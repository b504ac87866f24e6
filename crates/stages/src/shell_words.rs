//! Words as a POSIX shell reads them.

/// `text` in single quotes, so that a shell reads it as it is.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A line that gives a shell these words, quoted where they have to be.
pub fn line(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    let word = |text: &str| match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => quoted(text),
    };
    let words: Vec<String> = words.into_iter().map(|text| word(text.as_ref())).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_only_where_they_have_to_be() {
        let words = ["pipe", "a/b=1,2", "two words", "it's", "", "$HOME"];
        assert_eq!(
            line(words),
            "pipe a/b=1,2 'two words' 'it'\\''s' '' '$HOME'"
        );
    }
}
