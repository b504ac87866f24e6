//! A report laid out but not yet written: headings, paragraphs and tables.

/// What a cell means, for renderers that can show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Clearly better.
    Good,
    /// Clearly worse, or broken.
    Bad,
    /// For orientation only.
    Faint,
}

/// Text of one table cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    /// What is written.
    pub text: String,
    /// What it means.
    pub tone: Tone,
}

impl Cell {
    /// A cell of a given tone.
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    /// Its heading.
    pub heading: String,
    /// A common heading above neighbouring columns of the same group; may be empty.
    pub group: String,
    /// Columns with the highest number are omitted first where the width does not suffice; those with 0 never are.
    pub dispensable: u8,
    /// Text starts at the column's left edge; numbers end at its right edge.
    pub left: bool,
}

impl Column {
    /// A column of numbers that may be left out in the order of `dispensable`.
    pub(crate) fn new(heading: impl Into<String>, dispensable: u8) -> Self {
        Self {
            heading: heading.into(),
            group: String::new(),
            dispensable,
            left: false,
        }
    }

    /// The column under a heading that it shares with its neighbours.
    pub(crate) fn in_group(self, group: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            ..self
        }
    }

    /// Group and heading.
    pub(crate) fn full_heading(&self) -> String {
        format!("{} {}", self.group, self.heading)
            .trim()
            .to_string()
    }

    /// A column of text.
    pub(crate) fn text(heading: impl Into<String>, dispensable: u8) -> Self {
        Self {
            left: true,
            ..Self::new(heading, dispensable)
        }
    }
}

/// A table; its first column names the rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// Its caption; may be empty.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// Number of rows at the end that are separated from the others by a rule.
    pub footer_rows: usize,
}

/// One part of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    /// A heading of a section.
    Heading(String),
    /// Running text.
    Paragraph(String),
    /// Remarks, one a line.
    Notes(Vec<String>),
    /// A table.
    Table(Table),
    /// Small tables that may be placed side by side.
    Panels(Vec<Table>),
}

/// A whole report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// Heading of the whole.
    pub title: String,
    /// Its parts in order.
    pub blocks: Vec<Block>,
}
