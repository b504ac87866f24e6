//! Numeric targets: one row per model, target and corpus.

use crate::document::{Block, Cell, Column, Table};
use crate::{Report, number};

/// The heading, the table and its key; nothing where no model predicts numbers.
pub(crate) fn blocks(report: &Report) -> Vec<Block> {
    let Some(table) = table(report) else {
        return Vec::new();
    };
    vec![
        Block::Heading("Numeric targets".into()),
        Block::Table(table),
        Block::Paragraph(KEY.into()),
    ]
}

/// The table; none where no model predicts numbers.
pub(crate) fn table(report: &Report) -> Option<Table> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (name, entry) in report.single_models() {
        for (target, metrics) in &entry.evaluation.targets {
            for (corpus, found) in &metrics.corpora {
                let role = match entry.model.training_corpora.contains(corpus) {
                    true => "held-out speakers",
                    false => "unseen",
                };
                rows.push(vec![
                    name.clone().into(),
                    target.clone().into(),
                    corpus.clone().into(),
                    role.into(),
                    number::count(found.agreement.pairs as u64).into(),
                    found.speakers.to_string().into(),
                    number::coefficient(found.agreement.ccc).into(),
                    number::coefficient_interval(found.ccc_interval).into(),
                    number::coefficient(found.agreement.pearson).into(),
                    number::coefficient(Some(found.agreement.rmse)).into(),
                ]);
            }
        }
    }
    (!rows.is_empty()).then(|| Table {
        caption: "Agreement of predictions with the truth".into(),
        columns: vec![
            Column::text("model", 0),
            Column::text("target", 0),
            Column::text("corpus", 0),
            Column::text("role", 3),
            Column::new("utterances", 4),
            Column::new("speakers", 5),
            Column::new("CCC", 0),
            Column::new("95 % interval", 1),
            Column::new("Pearson", 2),
            Column::new("RMSE", 0),
        ],
        rows,
        footer_rows: 0,
    })
}

/// What the columns mean.
pub(crate) const KEY: &str = "CCC: concordance correlation (Lin 1989), 1 where predictions equal the truth. Its 95 % \
    interval is by a bootstrap over speakers; none with fewer than five. RMSE is in the unit of the target.";
