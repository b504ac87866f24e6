//! Writes GitHub-flavoured Markdown: a text block by block, or a whole document.

use crate::document::{Block, Cell, Document, Table, Tone};

/// Alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// To the left, for text.
    Left,
    /// To the right, for numbers.
    Right,
}

/// A text that grows from top to bottom. All text is escaped: nothing in it is taken for markup.
#[derive(Clone, Debug, Default)]
pub struct Markdown {
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

    /// A table: heading and alignment of each column, then rows with one cell per column.
    pub fn table(&mut self, columns: &[(&str, Align)], rows: &[Vec<String>]) {
        let columns = columns.iter().map(|(heading, align)| (*heading, *align));
        let rows = rows
            .iter()
            .map(|cells| cells.iter().map(|cell| escape(cell)).collect());
        self.rows(columns, rows);
    }

    /// A block of code.
    pub fn code(&mut self, language: &str, code: &str) {
        self.block(&format!("```{language}\n{}\n```", code.trim_end()));
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }

    /// A table of a document under its caption.
    fn captioned(&mut self, table: &Table) {
        if !table.caption.is_empty() {
            self.block(&strong(&escape(&table.caption)));
        }
        let headings: Vec<String> = table.columns.iter().map(|c| c.full_heading()).collect();
        let columns = table
            .columns
            .iter()
            .zip(&headings)
            .map(|(column, heading)| {
                let align = if column.left {
                    Align::Left
                } else {
                    Align::Right
                };
                (heading.as_str(), align)
            });
        let rows = table.rows.iter().map(|row| row.iter().map(cell).collect());
        self.rows(columns, rows);
    }

    /// A table whose cells are markup.
    fn rows<'a>(
        &mut self,
        columns: impl Iterator<Item = (&'a str, Align)>,
        rows: impl Iterator<Item = Vec<String>>,
    ) {
        let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let (headings, rules) = columns
            .map(|(heading, align)| {
                let rule = match align {
                    Align::Left => "---",
                    Align::Right => "---:",
                };
                (escape(heading), rule.to_string())
            })
            .unzip();
        let mut lines = vec![line(headings), line(rules)];
        lines.extend(rows.map(line));
        self.block(&lines.join("\n"));
    }

    /// Appends a block after an empty line.
    fn block(&mut self, block: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(block);
        self.text.push('\n');
    }
}

/// A whole document.
pub(crate) fn render(document: &Document) -> String {
    let mut text = Markdown::default();
    text.heading(1, &document.title);
    for block in &document.blocks {
        match block {
            Block::Heading(heading) => text.heading(2, heading),
            Block::Paragraph(paragraph) => text.paragraph(paragraph),
            Block::Notes(notes) => text.list(notes),
            Block::Table(table) => text.captioned(table),
            Block::Panels(tables) => tables.iter().for_each(|table| text.captioned(table)),
        }
    }
    text.finish()
}

/// Escapes characters with a meaning in Markdown; line ends become blanks.
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

/// Bold markup.
fn strong(markup: &str) -> String {
    format!("**{markup}**")
}

fn cell(cell: &Cell) -> String {
    let text = escape(cell.text.trim());
    match cell.tone {
        Tone::Good | Tone::Bad => strong(&text),
        Tone::Plain | Tone::Faint => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_page() {
        assert_eq!(escape("a|b\n<c>_d"), "a\\|b \\<c\\>\\_d");
        let mut text = Markdown::default();
        text.table(
            &[("a", Align::Left), (">b", Align::Right)],
            &[vec!["x|y\n".into(), "1".into()]],
        );
        text.list(&["# no heading".into()]);
        text.list(&[]);
        assert_eq!(
            text.finish(),
            "| a | \\>b |\n| --- | ---: |\n| x\\|y  | 1 |\n\n- \\# no heading\n"
        );
    }
}
