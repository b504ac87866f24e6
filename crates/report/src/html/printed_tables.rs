//! Tables of the printed report as sections of the page: numeric targets, original labels.

use crate::document;
use crate::sections::{labels, targets};

use super::escape;
use super::table::{Cell, Column, Table};
use super::view::{Section, View};

/// Numeric targets; none where no model predicts numbers.
pub(super) fn numeric_targets(view: &View) -> Option<Section> {
    let table = targets::table(view.study)?;
    let folds = targets::folds_table(view.study).map(markup);
    Some(Section {
        id: "targets",
        title: "Numeric targets".into(),
        body: format!(
            "{}<p>{}</p>\n{}",
            markup(table),
            escape::text(&targets::key(view.study)),
            folds.unwrap_or_default()
        ),
    })
}

/// Recalls of the original labels; none where no evaluation kept them.
pub(super) fn original_labels(view: &View) -> Option<Section> {
    let table = labels::table(view.report)?;
    Some(Section {
        id: "labels",
        title: "Original labels".into(),
        body: markup(table),
    })
}

/// A printed table as one of the page.
pub(super) fn markup(table: document::Table) -> String {
    let column = |column: &document::Column| match column.left {
        true => Column::text(&column.full_heading()),
        false => Column::number(&column.full_heading()),
    };
    let mut page = Table::new(table.caption, table.columns.iter().map(column).collect());
    let row =
        |row: Vec<document::Cell>| row.into_iter().map(|cell| Cell::text(cell.text)).collect();
    page.rows = table.rows.into_iter().map(row).collect();
    page.render()
}
