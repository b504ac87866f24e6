//! Colours, where they are wanted.

use std::io::IsTerminal;

use super::visible::coloured;

/// True where standard output is a terminal and the user has not set NO_COLOR (no-color.org).
pub fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !refused
}

/// Text in colours, or plain.
#[derive(Clone, Copy)]
pub struct Paint {
    /// Whether to use escapes.
    pub colours: bool,
}

impl Paint {
    /// For standard output.
    pub fn stdout() -> Self {
        Self { colours: colours() }
    }

    /// Headings.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// What is for orientation.
    pub fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    /// What went wrong.
    pub fn bad(self, text: &str) -> String {
        self.with("31", text)
    }

    /// Lines of charts.
    pub fn line(self, text: &str) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        match self.colours && !text.is_empty() {
            true => coloured(code, text),
            false => text.to_string(),
        }
    }
}
