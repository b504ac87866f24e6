//! The published partitions and columns that splits follow, with their digests.

use crate::document::{Block, Column, Table};
use crate::{Study, number};

/// A heading and a table; nothing where splits follow no partition.
pub(crate) fn blocks(study: &Study) -> Vec<Block> {
    if study.partitions.is_empty() {
        return Vec::new();
    }
    let rows = study.partitions.iter().map(|partition| {
        vec![
            partition.name.clone().into(),
            number::count(partition.files).into(),
            number::count(partition.unmatched).into(),
            partition.digest.clone().into(),
        ]
    });
    vec![
        Block::Heading("Published partitions".into()),
        Block::Table(Table {
            caption: "What the splits follow".into(),
            columns: vec![
                Column::text("partition", 0),
                Column::new("files", 1),
                Column::new("not among the data", 2),
                Column::text("BLAKE3", 0),
            ],
            rows: rows.collect(),
            footer_rows: 0,
        }),
    ]
}
