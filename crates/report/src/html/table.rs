//! Tables: a caption, headings with scope, groups of columns, rows that sort and rows that stay at the end.

use super::escape;

/// One column.
pub(super) struct Column {
    heading: String,
    group: Option<String>,
    numeric: bool,
}

impl Column {
    /// A column of text.
    pub(super) fn text(heading: &str) -> Self {
        Self {
            heading: heading.to_string(),
            group: None,
            numeric: false,
        }
    }

    /// A column of numbers.
    pub(super) fn number(heading: &str) -> Self {
        Self {
            numeric: true,
            ..Self::text(heading)
        }
    }

    /// The same under a common heading with its neighbours of the same group.
    pub(super) fn within(mut self, group: &str) -> Self {
        self.group = Some(group.to_string());
        self
    }
}

/// One cell.
#[derive(Clone, Default)]
pub(super) struct Cell {
    markup: String,
    class: String,
    /// What it sorts by where its text does not begin with its number.
    key: Option<f64>,
}

impl Cell {
    /// A cell of plain text.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::markup(escape::text(text.as_ref()))
    }

    /// A cell of markup.
    pub(super) fn markup(markup: impl Into<String>) -> Self {
        Self {
            markup: markup.into(),
            ..Self::default()
        }
    }

    /// The same with a class.
    pub(super) fn class(mut self, class: &str) -> Self {
        if !self.class.is_empty() {
            self.class.push(' ');
        }
        self.class.push_str(class);
        self
    }

    /// The same with a sort key; cells without a finite one go last.
    pub(super) fn sorted_by(mut self, key: Option<f64>) -> Self {
        self.key = key.filter(|key| key.is_finite());
        self
    }
}

/// A table whose first column names its rows.
pub(super) struct Table {
    /// Plain text above it; also the name of its scroll box.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// Rows at the end that sorting leaves in place.
    pub footer: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(caption: impl Into<String>, columns: Vec<Column>) -> Self {
        Self {
            caption: caption.into(),
            columns,
            rows: Vec::new(),
            footer: Vec::new(),
        }
    }

    /// As HTML, in a box of its own that scrolls sideways.
    pub(super) fn render(&self) -> String {
        let caption = escape::text(&self.caption);
        let mut html = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\
             <table class=\"sortable\"><caption><span>{caption}</span></caption>\n<thead>"
        );
        html += &self.head();
        html += "</thead>\n<tbody>\n";
        for row in &self.rows {
            html += &self.row(row);
        }
        html += "</tbody>";
        if !self.footer.is_empty() {
            html += "\n<tfoot>\n";
            for row in &self.footer {
                html += &self.row(row);
            }
            html += "</tfoot>";
        }
        html + "</table></div>\n"
    }

    fn head(&self) -> String {
        let grouped = self.columns.iter().any(|column| column.group.is_some());
        let mut upper = String::new();
        let mut lower = String::new();
        let mut place = 0;
        while let Some(column) = self.columns.get(place) {
            let Some(group) = &column.group else {
                let span = if grouped { " rowspan=\"2\"" } else { "" };
                upper += &heading(column, place, span, false);
                place += 1;
                continue;
            };
            let members = self.columns[place..]
                .iter()
                .take_while(|other| other.group.as_ref() == Some(group))
                .count();
            upper += &format!(
                "<th scope=\"colgroup\" colspan=\"{members}\" class=\"group\">{}</th>",
                escape::text(group)
            );
            for (offset, member) in self.columns[place..place + members].iter().enumerate() {
                lower += &heading(member, place + offset, "", offset == 0);
            }
            place += members;
        }
        let mut html = format!("<tr>{upper}</tr>");
        if grouped {
            html += &format!("<tr>{lower}</tr>");
        }
        html
    }

    /// True for the first column of a group, which has a rule at its left.
    fn opens(&self, place: usize) -> bool {
        let group = |place: usize| self.columns.get(place).and_then(|c| c.group.as_ref());
        place > 0 && group(place).is_some() && group(place) != group(place - 1)
    }

    fn row(&self, cells: &[Cell]) -> String {
        let mut html = String::from("<tr>");
        for (place, cell) in cells.iter().enumerate() {
            let mut classes = Vec::new();
            if self.columns.get(place).is_some_and(|column| column.numeric) {
                classes.push("n");
            }
            if self.opens(place) {
                classes.push("first");
            }
            if !cell.class.is_empty() {
                classes.push(&cell.class);
            }
            let class = match classes.join(" ") {
                none if none.is_empty() => String::new(),
                classes => format!(" class=\"{classes}\""),
            };
            let key = cell
                .key
                .map(|key| format!(" data-v=\"{key}\""))
                .unwrap_or_default();
            html += &if place == 0 {
                format!("<th scope=\"row\"{class}{key}>{}</th>", cell.markup)
            } else {
                format!("<td{class}{key}>{}</td>", cell.markup)
            };
        }
        html + "</tr>\n"
    }
}

fn heading(column: &Column, place: usize, span: &str, first: bool) -> String {
    let class = match (column.numeric, first) {
        (true, true) => " class=\"n first\"",
        (true, false) => " class=\"n\"",
        (false, true) => " class=\"first\"",
        (false, false) => "",
    };
    format!(
        "<th scope=\"col\"{span}{class} data-column=\"{place}\">{}</th>",
        escape::text(&column.heading)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_span_their_columns() {
        let mut table = Table::new(
            "a < b",
            vec![
                Column::text("variant"),
                Column::number("UA").within("tess"),
                Column::number("gain").within("tess"),
                Column::number("UA").within("crema_d"),
            ],
        );
        table.rows.push(vec![
            Cell::text("<GR>"),
            Cell::text("50.0").sorted_by(Some(0.5)),
            Cell::text("–").sorted_by(Some(f64::NAN)),
            Cell::text("1").class("q1"),
        ]);
        let html = table.render();
        assert!(html.contains("<caption><span>a &lt; b</span></caption>"));
        assert!(html.contains("<th scope=\"col\" rowspan=\"2\" data-column=\"0\">variant</th>"));
        assert!(html.contains("<th scope=\"colgroup\" colspan=\"2\" class=\"group\">tess</th>"));
        assert!(html.contains("<th scope=\"row\">&lt;GR&gt;</th>"));
        assert!(
            html.contains("<td class=\"n first\" data-v=\"0.5\">50.0</td><td class=\"n\">–</td>")
        );
        assert!(html.contains("<td class=\"n first q1\">1</td>"));
        assert!(!html.contains("<tfoot>"));
    }
}
