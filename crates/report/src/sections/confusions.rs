//! Confusion matrices: one small table per variant and corpus, its models summed; of very many classes, those that are
//! confused most often.

use crate::class_names::{MOST_COLUMNS, short_class_names};
use crate::document::{Block, Cell, Column, Table, Tone};
use crate::{Study, StudyCell, number};

/// Of very many classes, so many confusions are listed for a variant and corpus.
const MOST_PAIRS: usize = 20;

/// A heading and a panel per variant and corpus.
pub(crate) fn blocks(study: &Study) -> Vec<Block> {
    let is_wide = study.classes.len() > MOST_COLUMNS;
    let mut tables = Vec::new();
    for (place, test) in study.tests.iter().enumerate() {
        for variant in &study.variants {
            let Some(cell) = variant.cells.get(place).and_then(Option::as_ref) else {
                continue;
            };
            let mark = match (cell.collapsed, cell.runs) {
                (0, _) => String::new(),
                (_, 1) => " (collapsed)".to_string(),
                (collapsed, runs) => format!(" ({collapsed} of {runs} collapsed)"),
            };
            let caption = format!("{} on {}{mark}", variant.name, test.name);
            tables.push(match is_wide {
                true => most_frequent(study, cell, caption),
                false => matrix(study, cell, caption),
            });
        }
    }
    if tables.is_empty() {
        return Vec::new();
    }
    let mut key = match is_wide {
        true => format!(
            "The {MOST_PAIRS} most frequent confusions: utterances of the true class that were predicted as the other, and their share of the true class in %. The page of the report has the whole matrices."
        ),
        false => String::from("Rows: true class. Columns: predicted class."),
    };
    if let Some(trained_on) = study.trained_on() {
        key += &trained_on.replacen("trained", " Trained", 1);
        key.push('.');
    }
    if study.has_seeds() {
        key += " Each utterance is counted once per run of the variant.";
    }
    let mut blocks = vec![
        Block::Heading("Confusion matrices".into()),
        Block::Paragraph(key),
    ];
    match is_wide {
        true => blocks.extend(tables.into_iter().map(Block::Table)),
        false => blocks.push(Block::Panels(tables)),
    }
    blocks
}

/// The whole matrix.
fn matrix(study: &Study, cell: &StudyCell, caption: String) -> Table {
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
    Table {
        caption,
        rows: rows.collect(),
        columns,
        footer_rows: 0,
    }
}

/// The pairs of classes that are confused most often, in the order of the classes where equally often.
fn most_frequent(study: &Study, cell: &StudyCell, caption: String) -> Table {
    let mut pairs: Vec<(u64, usize, usize, u64)> = Vec::new();
    for (truth, counts) in cell.confusion.rows().enumerate() {
        let all: u64 = counts.iter().sum();
        let confused = counts.iter().enumerate();
        let confused = confused.filter(|(predicted, count)| *predicted != truth && **count > 0);
        pairs.extend(confused.map(|(predicted, &count)| (count, truth, predicted, all)));
    }
    pairs.sort_by_key(|&(count, truth, predicted, _)| (std::cmp::Reverse(count), truth, predicted));
    let name = |class: usize| Cell::from(study.classes.get(class).map_or("?", String::as_str));
    let rows = pairs
        .into_iter()
        .take(MOST_PAIRS)
        .map(|(count, truth, predicted, all)| {
            let share = count as f64 / all as f64;
            vec![
                name(truth),
                name(predicted),
                number::count(count).into(),
                number::percent(Some(share)).into(),
            ]
        });
    Table {
        caption,
        columns: vec![
            Column::text("true", 0),
            Column::text("predicted", 0),
            Column::new("utterances", 0),
            Column::new("share", 1),
        ],
        rows: rows.collect(),
        footer_rows: 0,
    }
}
