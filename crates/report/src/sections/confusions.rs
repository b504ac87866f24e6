//! Confusion matrices: one small table per variant and corpus, its models summed.

use crate::class_names::short_class_names;
use crate::document::{Block, Cell, Column, Table, Tone};
use crate::{Study, number};

/// A heading and a panel per variant and corpus.
pub(crate) fn blocks(study: &Study) -> Vec<Block> {
    let mut panels = Vec::new();
    for (place, test) in study.tests.iter().enumerate() {
        for variant in &study.variants {
            let Some(cell) = variant.cells.get(place).and_then(Option::as_ref) else {
                continue;
            };
            let mut columns = vec![Column::text("true", 0)];
            let names = short_class_names(&study.classes).into_iter();
            columns.extend(names.map(|class| Column::new(class, 0)));
            let rows = cell.confusion.rows().enumerate().map(|(truth, counts)| {
                let class = study.classes.get(truth).map_or("?", String::as_str);
                let mut row = vec![Cell::from(class)];
                row.extend(counts.iter().enumerate().map(|(predicted, &count)| {
                    let tone = if predicted == truth {
                        Tone::Good
                    } else {
                        Tone::Plain
                    };
                    Cell::toned(number::count(count), tone)
                }));
                row.resize(columns.len(), Cell::default());
                row
            });
            let rows = rows.collect();
            let mark = match (cell.collapsed, cell.runs) {
                (0, _) => String::new(),
                (_, 1) => " (collapsed)".to_string(),
                (collapsed, runs) => format!(" ({collapsed} of {runs} collapsed)"),
            };
            panels.push(Table {
                caption: format!("{} on {}{mark}", variant.name, test.name),
                columns,
                rows,
                footer_rows: 0,
            });
        }
    }
    if panels.is_empty() {
        return Vec::new();
    }
    let mut key = String::from("Rows: true class. Columns: predicted class.");
    if let Some(trained_on) = study.trained_on() {
        key += &trained_on.replacen("trained", " Trained", 1);
        key.push('.');
    }
    if study.has_seeds() {
        key += " Each utterance is counted once per run of the variant.";
    }
    vec![
        Block::Heading("Confusion matrices".into()),
        Block::Paragraph(key),
        Block::Panels(panels),
    ]
}
