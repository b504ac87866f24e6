//! Confusion matrices: one small table per model and corpus.

use super::compose::corpora_of;
use super::document::{Block, Cell, Column, Table, Tone};
use super::{Report, number};

/// A heading and a panel per model and corpus.
pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let mut panels = Vec::new();
    for (corpus, _) in corpora_of(report) {
        for entry in &report.entries {
            let Some(metrics) = entry.evaluation.corpora.get(&corpus) else {
                continue;
            };
            let classes = &entry.evaluation.classes;
            let mut columns = vec![Column::text("true", 0)];
            columns.extend(classes.iter().map(|class| {
                let start: String = class.chars().take(3).collect();
                Column::new(start, 0)
            }));
            let rows = metrics
                .confusion
                .rows()
                .enumerate()
                .map(|(truth, counts)| {
                    let class = classes.get(truth).map_or("?", String::as_str);
                    let mut row = vec![Cell::from(class)];
                    row.extend(counts.iter().enumerate().map(|(predicted, &count)| {
                        let tone = if predicted == truth {
                            Tone::Good
                        } else {
                            Tone::Plain
                        };
                        Cell::toned(number::count(count), tone)
                    }));
                    row
                })
                .collect();
            let mark = if metrics.collapsed {
                " (collapsed)"
            } else {
                ""
            };
            panels.push(Table {
                caption: format!("{} on {corpus}{mark}", entry.model.name),
                columns,
                rows,
                footer_rows: 0,
            });
        }
    }
    if panels.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Heading("Confusion matrices".into()),
        Block::Paragraph("Rows: the true class. Columns: the predicted class.".into()),
        Block::Panels(panels),
    ]
}
