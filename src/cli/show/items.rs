//! A set of items: corpora, splits and classes, and what was set aside.

use pipe_engine::artifact::BadItem;
use pipe_engine::cache::StepRecord;
use pipe_report::{Sheet, SheetCell, SheetColumn, Tone};

use pipe_stages::items::{Composition, CompositionRow};

use super::page::Page;

/// Items set aside that are listed.
const LISTED: usize = 20;

/// The table of a set, and its bad items.
pub fn show(record: &StepRecord, bad: &[BadItem], page: Page) -> String {
    let mut sheet = Sheet::new("");
    let composition = record.composition.clone();
    match composition.and_then(|json| serde_json::from_value::<Composition>(json).ok()) {
        None => sheet.notes(vec![
            "its composition was not recorded by the version that computed it".into(),
        ]),
        Some(composition) => {
            sheet.heading("Utterances");
            let mut columns = vec![SheetColumn::text("corpus"), SheetColumn::text("split")];
            let classes = composition.classes.iter();
            columns.extend(classes.map(|class| SheetColumn::number(class)));
            columns.push(SheetColumn::number("all"));
            columns.push(SheetColumn::number("speakers").dispensable(1));
            let mut rows: Vec<Vec<SheetCell>> = composition.rows.iter().map(row).collect();
            rows.push(sum(&composition));
            sheet.table("", columns, rows, 1);
        }
    }
    if !bad.is_empty() {
        sheet.heading("Set aside");
        let mut notes: Vec<String> = bad
            .iter()
            .take(LISTED)
            .map(|item| format!("{}: {}", item.id, item.reason))
            .collect();
        if bad.len() > LISTED {
            let more = bad.len() - LISTED;
            notes.push(format!(
                "and {more} more; see set_aside.tsv for all of them"
            ));
        }
        sheet.notes(notes);
    }
    page.render(&sheet)
}

fn row(row: &CompositionRow) -> Vec<SheetCell> {
    let counts = row.classes.iter().copied();
    let mut cells = vec![
        (row.corpus.clone(), Tone::Plain),
        (row.split.name().to_string(), Tone::Plain),
    ];
    cells.extend(counts.map(count));
    cells.push(count(row.utterances()));
    cells.push(count(row.speakers));
    cells
}

/// All rows together; speakers may be in several splits and are not added up.
fn sum(composition: &Composition) -> Vec<SheetCell> {
    let rows = &composition.rows;
    let own = |row: &CompositionRow, class| row.classes.get(class).copied().unwrap_or_default();
    let of_class = |class: usize| rows.iter().map(|row| own(row, class)).sum::<usize>();
    let mut cells = vec![
        ("all".to_string(), Tone::Plain),
        (String::new(), Tone::Plain),
    ];
    cells.extend((0..composition.classes.len()).map(|class| count(of_class(class))));
    cells.push(count(rows.iter().map(CompositionRow::utterances).sum()));
    cells.push((String::new(), Tone::Plain));
    cells
}

fn count(count: usize) -> SheetCell {
    let tone = if count == 0 { Tone::Faint } else { Tone::Plain };
    (count.to_string(), tone)
}
