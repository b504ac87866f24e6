//! Single models, where variants have several: each seed on its own.

use crate::class_names::{MOST_COLUMNS, short_class_names};
use crate::document::{Block, Cell, Column, Table, Tone};
use crate::{Study, StudyModel, number};

use super::summary::{cells, headline};

/// A heading, a table and its legend; nothing where no variant has several models.
pub(crate) fn blocks(study: &Study) -> Vec<Block> {
    if !study.has_seeds() {
        return Vec::new();
    }
    let tests: Vec<(usize, bool)> = headline(study)
        .into_iter()
        .map(|(place, _)| {
            let intervals = cells(study, place)
                .flat_map(|cell| &cell.models)
                .any(|model| model.speakers_interval.is_some());
            (place, intervals)
        })
        .collect();
    // Very many have a table of variants.
    let classes = match study.classes.len() {
        few @ ..=MOST_COLUMNS => few,
        _ => 0,
    };
    let mut columns = vec![Column::text("model", 0)];
    for (number, &(place, intervals)) in tests.iter().enumerate() {
        let name = &study.tests[place].name;
        let rank = |step: usize| u8::try_from(step * tests.len() + number).unwrap_or(u8::MAX);
        columns.push(Column::new("UA", rank(0)).in_group(name));
        if intervals {
            columns.push(Column::new("95 %", rank(2)).in_group(name));
        }
        let classes = short_class_names(&study.classes[..classes]).into_iter();
        columns.extend(classes.map(|class| Column::new(class, rank(1)).in_group(name)));
    }
    let mut rows = Vec::new();
    for variant in &study.variants {
        for &entry in &variant.entries {
            let on = |place: usize| -> Option<&StudyModel> {
                let cell = variant.cells.get(place)?.as_ref()?;
                cell.models.iter().find(|model| model.entry == entry)
            };
            let name = tests
                .iter()
                .find_map(|&(place, _)| Some(on(place)?.name.clone()));
            let Some(name) = name else { continue };
            let mut row = vec![Cell::from(name)];
            for &(place, intervals) in &tests {
                row.extend(cells_of(on(place), intervals, classes));
            }
            rows.push(row);
        }
    }
    vec![
        Block::Heading("Single models".into()),
        Block::Table(Table {
            caption: study.trained_on().unwrap_or_default(),
            columns,
            rows,
            footer_rows: 0,
        }),
        Block::Paragraph(
            "UA and recall of each class, in %. 95 %: interval for the same model on other speakers of the corpus \
             (bootstrap over speakers). ! marks a collapsed model: nearly all its predictions are one class."
                .into(),
        ),
    ]
}

fn cells_of(model: Option<&StudyModel>, intervals: bool, classes: usize) -> Vec<Cell> {
    let none = || Cell::toned(number::NONE, Tone::Faint);
    let mut cells = vec![match model {
        Some(model) if model.collapsed => {
            Cell::toned(format!("! {}", number::percent(Some(model.ua))), Tone::Bad)
        }
        Some(model) => number::percent(Some(model.ua)).into(),
        None => none(),
    }];
    if intervals {
        cells.push(number::interval(model.and_then(|model| model.speakers_interval)).into());
    }
    cells.extend((0..classes).map(|class| {
        let recall = model.and_then(|model| model.recalls.get(class).copied().flatten());
        Cell::from(number::percent(recall))
    }));
    cells
}
