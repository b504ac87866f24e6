//! The folds of a cross-validation one by one.

use crate::number;
use crate::sections::folds::{folds_of, score};

use super::quantity;
use super::table::{Cell, Column, Table};
use super::view::{Section, View, paragraph};

/// The section; none where no result is made of folds.
pub(super) fn section(view: &View) -> Option<Section> {
    let tests = view.main_tests();
    // The folds of numeric targets stand below those.
    if !view.study.has_folds() || tests.is_empty() {
        return None;
    }
    let mut columns = vec![Column::text("variant"), Column::text("fold")];
    for &place in &tests {
        let name = &view.study.tests[place].name;
        for heading in ["UA", "WA", "utterances"] {
            columns.push(Column::number(heading).within(name));
        }
    }
    let mut table = Table::new(
        "Unweighted and weighted accuracy of each fold, in %",
        columns,
    );
    for variant in &view.study.variants {
        for fold in folds_of(variant) {
            let mut row = vec![Cell::text(view.label(variant)), Cell::text(fold)];
            for &place in &tests {
                let found = score(variant, place, fold);
                for value in [found.map(|score| score.ua), found.map(|score| score.wa)] {
                    row.push(Cell::text(quantity::percent(value)).sorted_by(value));
                }
                let count = found.map(|score| score.utterances);
                let text = count.map_or_else(|| quantity::NONE.to_owned(), number::count);
                row.push(Cell::text(text).sorted_by(count.map(|count| count as f64)));
            }
            table.rows.push(row);
        }
        let means = tests.iter().map(|&place| {
            let cell = variant.cells.get(place)?.as_ref()?;
            cell.folds.as_ref()
        });
        let mut row = vec![Cell::text(view.label(variant)), Cell::text("mean of folds")];
        for folds in means {
            let mean = folds.map(|folds| folds.mean_ua);
            let half = folds.and_then(|folds| Some(folds.interval?.high - folds.mean_ua));
            let half = half.map(|half| format!(" ± {}", quantity::percent(Some(half))));
            let text = quantity::percent(mean) + &half.unwrap_or_default();
            row.extend([Cell::text(text), Cell::default(), Cell::default()]);
        }
        table.footer.push(row);
    }
    Some(Section {
        id: "folds",
        title: "Folds".into(),
        body: paragraph(EXPLANATION) + &table.render(),
    })
}

const EXPLANATION: &str = "Everywhere else on this page, a result is that of the predictions of all folds together. Here \
    is what each fold reaches alone, averaged over the runs where there are several. The interval of the mean is \
    Student’s t over the folds; folds share most of their training data, so it is a rough guide (Bengio and Grandvalet \
    2004).";
