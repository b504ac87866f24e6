//! Writes a document as plain text for a terminal.
//!
//! Every character counts as one column, which holds for the text of reports but not for, say, Chinese
//! names.

use crate::document::{Block, Cell, Document, Table, Tone};

/// Blanks between columns.
const GAP: usize = 2;
/// Blanks between panels.
const PANEL_GAP: usize = 4;
/// Panels are at most this wide where their numbers are short: two of them fit 80 columns.
const PANEL_WIDTH: usize = 36;
/// To this length the first column may be cut.
const SHORTEST_NAME: usize = 12;

/// The whole document.
pub(crate) fn render(document: &Document, width: usize, colour: bool) -> String {
    let paint = Paint { colour };
    let mut text = String::new();
    for line in wrap(&clean(&document.title), width, 0) {
        text += &format!("{}\n", paint.bold(&line));
    }
    for block in &document.blocks {
        text.push('\n');
        match block {
            Block::Heading(heading) => {
                let heading = clean(heading);
                let rule = "═".repeat(width.saturating_sub(heading.chars().count() + 4));
                text += &format!("{}\n", paint.bold(&format!("══ {heading} {rule}")));
            }
            Block::Paragraph(paragraph) => {
                for line in wrap(&clean(paragraph), width, 0) {
                    text += &format!("{}\n", paint.faint(&line));
                }
            }
            Block::Notes(notes) => {
                for note in notes {
                    for (number, line) in wrap(&clean(note), width - 2, 0).iter().enumerate() {
                        text += &format!("{}{line}\n", if number == 0 { "• " } else { "  " });
                    }
                }
            }
            Block::Table(table) => {
                for line in lines(table, width, paint) {
                    text += &format!("{}\n", line.painted);
                }
            }
            Block::Panels(tables) => text += &panels(tables, width, paint),
        }
    }
    text
}

/// Control characters, which could steer the terminal, made visible.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Colours where they are wanted.
#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    fn toned(self, text: &str, tone: Tone) -> String {
        match tone {
            Tone::Plain => text.to_string(),
            Tone::Good => self.with("32", text),
            Tone::Bad => self.with("31", text),
            Tone::Faint => self.faint(text),
        }
    }
}

/// A line and its width without escapes.
struct Line {
    painted: String,
    width: usize,
}

impl Line {
    fn new(text: &str, painted: String) -> Self {
        Self {
            painted,
            width: text.chars().count(),
        }
    }
}

/// Breaks text at blanks; words longer than a line are cut.
fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        while !word.is_empty() {
            let last = lines.len() - 1;
            let used = lines[last].chars().count();
            let blank = usize::from(used > indent * usize::from(last > 0));
            if used + blank + word.len() <= width {
                if blank == 1 {
                    lines[last].push(' ');
                }
                lines[last].extend(word.drain(..));
            } else if blank == 1 {
                lines.push(" ".repeat(indent));
            } else {
                let room = width.saturating_sub(used).max(1).min(word.len());
                lines[last].extend(word.drain(..room));
                lines.push(" ".repeat(indent));
            }
        }
    }
    lines
}

/// A name shortened in the middle: variants differ at its end.
fn truncate_middle(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_string();
    }
    let tail = (width.saturating_sub(1)) / 2;
    let head = width.saturating_sub(1 + tail);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}…{end}")
}

/// A table as lines of at most `width` columns.
fn lines(table: &Table, width: usize, paint: Paint) -> Vec<Line> {
    let texts: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| clean(&cell.text)).collect())
        .collect();
    let headings: Vec<String> = table.columns.iter().map(|c| clean(&c.heading)).collect();
    let mut widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            let cells = texts.iter().filter_map(|row| row.get(column));
            cells
                .chain([heading])
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut shown: Vec<usize> = (0..widths.len()).collect();
    let needed = |shown: &[usize], widths: &[usize]| {
        shown
            .iter()
            .map(|&column| widths[column] + GAP)
            .sum::<usize>()
            - GAP.min(1 + shown.len())
    };
    let mut left_out: Vec<usize> = Vec::new();
    if let Some(name_width) = widths.first().copied() {
        let least = name_width.min(SHORTEST_NAME);
        // Names are cut first, then columns are left out, then names get back what is free.
        while needed(&shown, &widths) - name_width + least > width {
            let worst = shown
                .iter()
                .copied()
                .filter(|&column| table.columns[column].dispensable > 0)
                .max_by_key(|&column| (table.columns[column].dispensable, column));
            let Some(worst) = worst else { break };
            shown.retain(|&column| column != worst);
            left_out.push(worst);
        }
        let others = needed(&shown, &widths) - name_width;
        widths[0] = name_width.min(width.saturating_sub(others)).max(least);
    }
    let total = needed(&shown, &widths);

    let mut lines = Vec::new();
    if !table.caption.is_empty() {
        for line in wrap(&clean(&table.caption), width, 2) {
            lines.push(Line::new(&line, paint.bold(&line)));
        }
    }
    let pad = |text: &str, column: usize| {
        let text = if column == 0 {
            truncate_middle(text, widths[0])
        } else {
            text.to_string()
        };
        let blanks = " ".repeat(widths[column].saturating_sub(text.chars().count()));
        if table.columns[column].left {
            text + &blanks
        } else {
            blanks + &text
        }
    };
    let row_line = |cells: &mut dyn Iterator<Item = (String, String)>| {
        let (plain, painted): (Vec<String>, Vec<String>) = cells.unzip();
        let gap = " ".repeat(GAP);
        Line::new(
            plain.join(&gap).trim_end(),
            painted.join(&gap).trim_end().to_string(),
        )
    };
    let rule = "─".repeat(total);
    if let Some(line) = group_line(table, &shown, &widths) {
        lines.push(Line::new(&line, paint.bold(&line)));
    }
    lines.push(row_line(&mut shown.iter().map(|&column| {
        let text = pad(&headings[column], column);
        let painted = paint.bold(&text);
        (text, painted)
    })));
    lines.push(Line::new(&rule, paint.faint(&rule)));
    let empty = Cell::default();
    for (number, (row, texts)) in table.rows.iter().zip(&texts).enumerate() {
        if table.footer_rows > 0 && number + table.footer_rows == table.rows.len() {
            lines.push(Line::new(&rule, paint.faint(&rule)));
        }
        lines.push(row_line(&mut shown.iter().map(|&column| {
            let text = pad(texts.get(column).map_or("", String::as_str), column);
            let tone = row.get(column).unwrap_or(&empty).tone;
            let painted = paint.toned(&text, tone);
            (text, painted)
        })));
    }
    if !left_out.is_empty() {
        left_out.sort_unstable();
        let names: Vec<String> = left_out
            .iter()
            .map(|&column| clean(&table.columns[column].full_heading()))
            .collect();
        let remark = format!("(omitted for lack of width: {})", names.join(", "));
        for line in wrap(&remark, width, 1) {
            lines.push(Line::new(&line, paint.faint(&line)));
        }
    }
    lines
}

/// The names of groups, each above its columns that are shown; none where there are no groups.
fn group_line(table: &Table, shown: &[usize], widths: &[usize]) -> Option<String> {
    let mut line = String::new();
    let (mut start, mut place) = (0, 0);
    while place < shown.len() {
        let group = &table.columns[shown[place]].group;
        let members = shown[place..]
            .iter()
            .take_while(|&&column| table.columns[column].group == *group)
            .count();
        let columns = &shown[place..place + members];
        let width = columns
            .iter()
            .map(|&column| widths[column] + GAP)
            .sum::<usize>()
            - GAP;
        if !group.is_empty() {
            line += &" ".repeat(start - line.chars().count());
            line += &truncate_middle(&clean(group), width);
        }
        start += width + GAP;
        place += members;
    }
    (!line.is_empty()).then_some(line)
}

/// Small tables side by side, as many as fit.
fn panels(tables: &[Table], width: usize, paint: Paint) -> String {
    let rendered: Vec<Vec<Line>> = tables
        .iter()
        .map(|table| lines(table, width.min(PANEL_WIDTH), paint))
        .collect();
    let panel_width = rendered
        .iter()
        .flatten()
        .map(|line| line.width)
        .max()
        .unwrap_or(1);
    let per_row = ((width + PANEL_GAP) / (panel_width + PANEL_GAP)).max(1);
    let mut text = String::new();
    for (number, row) in rendered.chunks(per_row).enumerate() {
        if number > 0 {
            text.push('\n');
        }
        // Captions differ in height; tables are set on one base line.
        let height = row.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let mut out = String::new();
            let mut column = 0;
            for (place, panel) in row.iter().enumerate() {
                let start = place * (panel_width + PANEL_GAP);
                let above = height - panel.len();
                if let Some(line) = line.checked_sub(above).and_then(|line| panel.get(line)) {
                    out += &" ".repeat(start - column);
                    out += &line.painted;
                    column = start + line.width;
                }
            }
            text += &format!("{out}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_wrapped_and_cut() {
        assert_eq!(wrap("one two three", 7, 0), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4, 0), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("aa bb cc", 5, 2), ["aa bb", "  cc"]);
        assert_eq!(truncate_middle("variant_with_a_seed_12", 11), "varia…ed_12");
        assert_eq!(truncate_middle("short", 11), "short");
        assert_eq!(clean("a\x1b[31mb\n"), "a\u{fffd}[31mb\u{fffd}");
    }
}
