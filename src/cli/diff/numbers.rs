//! Numeric targets of a comparison: how well they were predicted before and after.

use pipe_report::{Sheet, SheetCell, SheetColumn};

use crate::inspect::Comparison;

use super::cells::{Better, change, plain, short_names};

/// A row for each evaluation, target and corpus; nothing where no numbers were predicted.
pub fn table(sheet: &mut Sheet, comparison: &Comparison) {
    let of_numbers = comparison.evaluations.iter();
    let of_numbers: Vec<_> = of_numbers
        .filter(|evaluation| !evaluation.targets.is_empty())
        .collect();
    if of_numbers.is_empty() {
        return;
    }
    sheet.heading("Numeric targets");
    let columns = vec![
        SheetColumn::text("step"),
        SheetColumn::text("target"),
        SheetColumn::text("corpus").dispensable(2),
        SheetColumn::text("CCC"),
        SheetColumn::text("RMSE").dispensable(1),
    ];
    let names = short_names(of_numbers.iter().map(|evaluation| evaluation.step.as_str()));
    let rows = of_numbers.iter().zip(names).flat_map(|(evaluation, name)| {
        let targets = evaluation.targets.iter();
        targets.map(move |target| -> Vec<SheetCell> {
            vec![
                plain(name.clone()),
                plain(target.target.clone()),
                plain(target.corpus.clone()),
                change(target.ccc_before, target.ccc_after, 3, Better::Higher),
                change(target.rmse_before, target.rmse_after, 3, Better::Lower),
            ]
        })
    });
    sheet.table("", columns, rows.collect(), 0);
}
