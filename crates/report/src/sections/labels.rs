//! Recalls of the corpora's own labels: one row per model, corpus and label.

use crate::document::{Block, Cell, Column, Table};
use crate::{Report, number};

/// The heading and the table; nothing where no evaluation kept the labels, or every class has one label.
pub(crate) fn blocks(report: &Report) -> Vec<Block> {
    let Some(table) = table(report) else {
        return Vec::new();
    };
    let heading = Block::Heading("Recall of the original labels".into());
    vec![heading, Block::Table(table)]
}

/// The table; none where no evaluation kept the labels, or every class has one label.
pub(crate) fn table(report: &Report) -> Option<Table> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for entry in &report.entries {
        for (corpus, labels) in &entry.evaluation.labels {
            for (label, recall) in labels {
                let part = recall.hits as f64 / recall.utterances.max(1) as f64;
                rows.push(vec![
                    entry.model.name.clone().into(),
                    corpus.clone().into(),
                    label.clone().into(),
                    recall.class.clone().into(),
                    number::count(recall.utterances).into(),
                    number::percent(Some(part)).into(),
                ]);
            }
        }
    }
    (!rows.is_empty()).then(|| Table {
        caption: "Part of the utterances of a label that were recognised as its class, in %".into(),
        columns: vec![
            Column::text("model", 0),
            Column::text("corpus", 0),
            Column::text("label", 0),
            Column::text("class", 0),
            Column::new("utterances", 1),
            Column::new("recall", 0),
        ],
        rows,
        footer_rows: 0,
    })
}
