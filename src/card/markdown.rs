//! Markdown in the making: headings, paragraphs, lists, tables, code.

/// A text that grows from top to bottom.
#[derive(Default)]
pub(super) struct Markdown {
    text: String,
}

impl Markdown {
    /// A heading of a level from 1.
    pub fn heading(&mut self, level: usize, text: &str) {
        self.block(&format!("{} {}", "#".repeat(level), escape(text)));
    }

    /// A paragraph of plain text.
    pub fn paragraph(&mut self, text: &str) {
        self.block(&escape(text));
    }

    /// A list of plain texts; nothing where it is empty.
    pub fn list(&mut self, items: &[String]) {
        let lines: Vec<String> = items
            .iter()
            .map(|item| format!("- {}", escape(item)))
            .collect();
        if !lines.is_empty() {
            self.block(&lines.join("\n"));
        }
    }

    /// A table; columns whose heading begins with `>` are numbers and stand to the right.
    pub fn table(&mut self, headings: &[&str], rows: &[Vec<String>]) {
        let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let mut lines = vec![
            row(headings
                .iter()
                .map(|heading| escape(heading.trim_start_matches('>')))
                .collect()),
            row(headings
                .iter()
                .map(|heading| {
                    if heading.starts_with('>') {
                        "---:"
                    } else {
                        "---"
                    }
                    .into()
                })
                .collect()),
        ];
        lines.extend(
            rows.iter()
                .map(|cells| row(cells.iter().map(|cell| escape(cell)).collect())),
        );
        self.block(&lines.join("\n"));
    }

    /// A block of code.
    pub fn code(&mut self, language: &str, code: &str) {
        self.block(&format!("```{language}\n{}\n```", code.trim_end()));
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }

    fn block(&mut self, block: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(block);
        self.text.push('\n');
    }
}

/// Characters that Markdown would take for its own, and line ends, made harmless.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '#' => {
                escaped.push('\\');
                escaped.push(character);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_page() {
        let mut text = Markdown::default();
        text.table(&["a", ">b"], &[vec!["x|y\n".into(), "1".into()]]);
        text.list(&["# no heading".into()]);
        assert_eq!(
            text.finish(),
            "| a | b |\n| --- | ---: |\n| x\\|y  | 1 |\n\n- \\# no heading\n"
        );
    }
}
