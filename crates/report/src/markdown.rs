//! Writes a document as GitHub-flavoured Markdown.

use std::fmt::Write as _;

use crate::document::{Block, Cell, Document, Table, Tone};

/// The whole document.
pub(crate) fn render(document: &Document) -> String {
    let mut text = format!("# {}\n", escape(&document.title));
    for block in &document.blocks {
        text.push('\n');
        match block {
            Block::Heading(heading) => text += &format!("## {}\n", escape(heading)),
            Block::Paragraph(paragraph) => text += &format!("{}\n", escape(paragraph)),
            Block::Notes(notes) => {
                for note in notes {
                    text += &format!("- {}\n", escape(note));
                }
            }
            Block::Table(table) => text += &render_table(table),
            Block::Panels(tables) => {
                let panels: Vec<String> = tables.iter().map(render_table).collect();
                text += &panels.join("\n");
            }
        }
    }
    text
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

fn cell(cell: &Cell) -> String {
    let text = escape(cell.text.trim());
    match cell.tone {
        Tone::Good | Tone::Bad => format!("**{text}**"),
        Tone::Plain | Tone::Faint => text,
    }
}

fn render_table(table: &Table) -> String {
    let mut text = String::new();
    if !table.caption.is_empty() {
        let _ = write!(text, "**{}**\n\n", escape(&table.caption));
    }
    let headings: Vec<String> = table
        .columns
        .iter()
        .map(|column| escape(&column.full_heading()))
        .collect();
    let _ = writeln!(text, "| {} |", headings.join(" | "));
    let rules: Vec<&str> = table
        .columns
        .iter()
        .map(|column| if column.left { "---" } else { "---:" })
        .collect();
    let _ = writeln!(text, "| {} |", rules.join(" | "));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_table() {
        assert_eq!(escape("a|b\n<c>_d"), "a\\|b \\<c\\>\\_d");
    }
}
