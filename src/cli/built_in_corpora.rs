//! The `corpora.toml` that comes with the program.

use pipe_speech::corpus::Corpora;

/// Its text.
const TEXT: &str = include_str!("../../corpora.toml");

/// What it says.
pub fn built_in_corpora() -> Corpora {
    // A test of the shipped file reads it.
    Corpora::parse(TEXT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read() {
        assert!(built_in_corpora().corpora.contains_key("ravdess"));
    }
}
