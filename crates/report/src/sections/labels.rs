//! Recalls of the corpora's own labels: one row per model, or per variant of several runs, corpus and label.

use std::collections::BTreeMap;

use crate::document::{Block, Cell, Column, Table};
use crate::{Report, ReportEntry, number};

/// The heading and the table; nothing where no evaluation kept the labels, or every class has one label.
pub(crate) fn blocks(report: &Report) -> Vec<Block> {
    let Some(table) = table(report) else {
        return Vec::new();
    };
    let heading = Block::Heading("Recall of the original labels".into());
    vec![heading, Block::Table(table)]
}

/// What the runs of a variant make of one label of a corpus.
struct OfLabel<'r> {
    class: &'r str,
    utterances: u64,
    /// The part of each run.
    parts: Vec<f64>,
}

/// The table; none where no evaluation kept the labels, or every class has one label.
pub(crate) fn table(report: &Report) -> Option<Table> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let variants = variants(report);
    let has_runs = variants.iter().any(|(_, runs)| runs.len() > 1);
    for (name, runs) in variants {
        let mut labels: BTreeMap<(&str, &str), OfLabel<'_>> = BTreeMap::new();
        for entry in runs {
            for (corpus, own) in &entry.evaluation.labels {
                for (label, recall) in own {
                    let of_label = labels.entry((corpus, label)).or_insert(OfLabel {
                        class: &recall.class,
                        utterances: recall.utterances,
                        parts: Vec::new(),
                    });
                    let part = recall.hits as f64 / recall.utterances.max(1) as f64;
                    of_label.parts.push(part);
                }
            }
        }
        for ((corpus, label), found) in labels {
            let mean = found.parts.iter().sum::<f64>() / found.parts.len() as f64;
            let mut row: Vec<Cell> = vec![name.into(), corpus.into(), label.into()];
            row.push(found.class.into());
            if has_runs {
                row.push(found.parts.len().to_string().into());
            }
            row.push(number::count(found.utterances).into());
            row.push(number::percent(Some(mean)).into());
            rows.push(row);
        }
    }
    let mut columns = vec![
        Column::text(if has_runs { "variant" } else { "model" }, 0),
        Column::text("corpus", 0),
        Column::text("label", 0),
        Column::text("class", 0),
    ];
    if has_runs {
        columns.push(Column::new("runs", 2));
    }
    columns.extend([Column::new("utterances", 1), Column::new("recall", 0)]);
    let caption = match has_runs {
        true => {
            "Part of the utterances of a label that were recognised as its class, in %: mean of the runs"
        }
        false => "Part of the utterances of a label that were recognised as its class, in %",
    };
    (!rows.is_empty()).then(|| Table {
        caption: caption.into(),
        columns,
        rows,
        footer_rows: 0,
    })
}

/// The variants of the study with their runs, where there are several of one; otherwise each model for itself.
fn variants(report: &Report) -> Vec<(&str, Vec<&ReportEntry>)> {
    let variants = report.study.iter().flat_map(|study| &study.variants);
    let variants = variants.map(|variant| {
        let runs = variant.entries.iter();
        let runs = runs.filter_map(|&index| report.entries.get(index));
        (variant.name.as_str(), runs.collect::<Vec<_>>())
    });
    let variants: Vec<_> = variants.collect();
    let are_all =
        variants.iter().map(|(_, runs)| runs.len()).sum::<usize>() == report.entries.len();
    if are_all && variants.iter().any(|(_, runs)| runs.len() > 1) {
        return variants;
    }
    let entries = report.entries.iter();
    entries
        .map(|entry| (entry.model.name.as_str(), vec![entry]))
        .collect()
}
