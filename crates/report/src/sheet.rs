//! Tables and remarks for the terminal that are not part of a report.

pub use crate::document::Tone;
use crate::document::{Block, Cell, Column, Document, Table};
use crate::sections::confusions;
use crate::{Report, ReportEntry, Study, terminal};

/// A column of a sheet's table.
#[derive(Clone, Debug)]
pub struct SheetColumn {
    /// Its heading.
    pub heading: String,
    /// Columns with the highest number are omitted first where the width does not suffice; those with 0 never are.
    pub dispensable: u8,
    /// Text starts at the column's left edge; numbers end at its right edge.
    pub is_text: bool,
}

impl SheetColumn {
    /// A column of text that is always shown.
    pub fn text(heading: &str) -> Self {
        Self {
            heading: heading.into(),
            dispensable: 0,
            is_text: true,
        }
    }

    /// A column of numbers that is always shown.
    pub fn number(heading: &str) -> Self {
        Self {
            is_text: false,
            ..Self::text(heading)
        }
    }

    /// The column, to be omitted before those with a lower `rank`.
    pub fn dispensable(mut self, rank: u8) -> Self {
        self.dispensable = rank;
        self
    }
}

/// A cell of a sheet's table: its text and what it means.
pub type SheetCell = (String, Tone);

/// Headings, remarks and tables in the order in which they were added.
#[derive(Clone, Debug)]
pub struct Sheet {
    document: Document,
}

impl Sheet {
    /// A sheet with a title.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            document: Document {
                title: title.into(),
                blocks: Vec::new(),
            },
        }
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: impl Into<String>) {
        self.document.blocks.push(Block::Heading(text.into()));
    }

    /// Adds faint running text.
    pub fn paragraph(&mut self, text: impl Into<String>) {
        self.document.blocks.push(Block::Paragraph(text.into()));
    }

    /// Adds remarks, one a line.
    pub fn notes(&mut self, notes: Vec<String>) {
        if !notes.is_empty() {
            self.document.blocks.push(Block::Notes(notes));
        }
    }

    /// Adds a table; its first column names the rows, a rule separates its last `footer_rows`.
    pub fn table(
        &mut self,
        caption: &str,
        columns: Vec<SheetColumn>,
        rows: Vec<Vec<SheetCell>>,
        footer_rows: usize,
    ) {
        let column = |column: SheetColumn| match column.is_text {
            true => Column::text(column.heading, column.dispensable),
            false => Column::new(column.heading, column.dispensable),
        };
        let cells = |row: Vec<SheetCell>| {
            let cells = row.into_iter();
            cells.map(|(text, tone)| Cell::toned(text, tone)).collect()
        };
        self.document.blocks.push(Block::Table(Table {
            caption: caption.into(),
            columns: columns.into_iter().map(column).collect(),
            rows: rows.into_iter().map(cells).collect(),
            footer_rows,
        }));
    }

    /// Adds a confusion matrix for each entry and corpus, side by side where they fit.
    pub fn confusions(&mut self, entries: Vec<ReportEntry>) {
        self.document
            .blocks
            .extend(confusions::blocks(&Study::of(&Report {
                entries,
                ..Report::default()
            })));
    }

    /// The sheet as text `width` columns wide (at least 40 are used); only with `colour` it holds ANSI escapes.
    pub fn to_terminal(&self, width: usize, colour: bool) -> String {
        let text = terminal::render(&self.document, width.max(40), colour);
        match self.document.title.is_empty() {
            true => text.strip_prefix('\n').map_or(text.clone(), str::to_string),
            false => text,
        }
    }
}
