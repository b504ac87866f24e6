//! The folds of a cross-validation one by one.

use crate::document::{Block, Cell, Column, Table, Tone};
use crate::{FoldScore, Study, StudyTest, StudyVariant, number};

use super::summary::headline;
use super::targets;

/// A heading, a table and its legend; nothing where no result is made of folds.
pub(crate) fn blocks(study: &Study) -> Vec<Block> {
    if !study.has_folds() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading("Folds".into())];
    let tests = headline(study);
    if !tests.is_empty() {
        blocks.extend(classes(study, &tests));
    }
    blocks.extend(targets::folds_table(study).map(Block::Table));
    blocks
}

/// The same of numeric targets alone.
pub(crate) fn of_targets(study: &Study) -> Vec<Block> {
    match targets::folds_table(study) {
        Some(table) => vec![Block::Heading("Folds".into()), Block::Table(table)],
        None => Vec::new(),
    }
}

fn classes(study: &Study, tests: &[(usize, &StudyTest)]) -> [Block; 2] {
    let mut columns = vec![Column::text("variant", 0), Column::text("fold", 0)];
    for (number, (_, test)) in tests.iter().enumerate() {
        let rank = |step: usize| u8::try_from(step * tests.len() + number).unwrap_or(u8::MAX);
        columns.push(Column::new("UA", rank(0)).in_group(&test.name));
        columns.push(Column::new("WA", rank(2)).in_group(&test.name));
        columns.push(Column::new("utterances", rank(1)).in_group(&test.name));
    }
    let mut rows = Vec::new();
    for variant in &study.variants {
        for fold in folds_of(variant) {
            let mut row = vec![Cell::from(variant.name.clone()), fold.into()];
            for (place, _) in tests {
                row.extend(cells(score(variant, *place, fold)));
            }
            rows.push(row);
        }
    }
    [
        Block::Table(Table {
            caption: String::new(),
            columns,
            rows,
            footer_rows: 0,
        }),
        Block::Paragraph(
            "UA and weighted accuracy of each fold alone, in %, averaged over the runs where there are several, and how \
             many utterances it tests."
                .into(),
        ),
    ]
}

/// The names of a variant's folds on any test, in their order.
pub(crate) fn folds_of(variant: &StudyVariant) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let folds = variant
        .cells
        .iter()
        .flatten()
        .filter_map(|cell| cell.folds.as_ref());
    for fold in folds.flat_map(|folds| &folds.folds) {
        if !names.contains(&fold.fold.as_str()) {
            names.push(&fold.fold);
        }
    }
    names
}

/// What one fold of a variant reaches on a test.
pub(crate) fn score<'s>(
    variant: &'s StudyVariant,
    place: usize,
    fold: &str,
) -> Option<&'s FoldScore> {
    let folds = variant.cells.get(place)?.as_ref()?.folds.as_ref()?;
    folds.folds.iter().find(|score| score.fold == fold)
}

fn cells(score: Option<&FoldScore>) -> [Cell; 3] {
    match score {
        Some(score) => [
            number::percent(Some(score.ua)).into(),
            number::percent(Some(score.wa)).into(),
            number::count(score.utterances).into(),
        ],
        None => [0; 3].map(|_| Cell::toned(number::NONE, Tone::Faint)),
    }
}
