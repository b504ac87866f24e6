//! How training went: validation UA of every variant, then losses and alpha, then a row per model.

use crate::{ReportEntry, number};

use super::table::{Cell, Column, Table};
use super::view::{Section, View};
use super::{curves, escape, figure, quantity};

/// The section; none where no history is known.
pub(super) fn section(view: &View) -> Option<Section> {
    let table = table(view)?;
    let mut body = view.figure(
        "validation-ua",
        &curves::overview(view),
        curves::OVERVIEW_CAPTION,
    );
    for (method, variants) in curves::by_method(view) {
        let panels: String = variants
            .iter()
            .filter_map(|variant| curves::detail(view, variant))
            .collect();
        if panels.is_empty() {
            continue;
        }
        let summary = format!(
            "Losses, UA and alpha: {} <span class=\"faint\">{}</span>",
            escape::text(method),
            number::counted(variants.len() as u64, "variant")
        );
        let caption = curves::DETAIL_CAPTION;
        let panels = curves::legend(view) + &panels;
        body += &figure::details(
            &summary,
            &view.figure(&format!("training-{method}"), &panels, caption),
        );
    }
    let rows = table.rows.len() as u64;
    body += &figure::details(
        &format!(
            "All models <span class=\"faint\">{}</span>",
            number::counted(rows, "row")
        ),
        &table.render(),
    );
    Some(Section {
        id: "training",
        title: "Training".into(),
        body,
    })
}

fn table(view: &View) -> Option<Table> {
    let mut table = Table::new(
        view.caption("Training of every model"),
        vec![
            Column::text("model"),
            Column::number("seed"),
            Column::number("epochs"),
            Column::number("max. epochs"),
            Column::number("kept UA"),
            Column::number("at epoch"),
            Column::number("kept alpha"),
            Column::number("first loss"),
            Column::number("last loss"),
            Column::number("last alpha"),
        ],
    );
    for entry in &view.report.entries {
        table.rows.extend(row(entry));
    }
    (!table.rows.is_empty()).then_some(table)
}

fn row(entry: &ReportEntry) -> Option<Vec<Cell>> {
    let (first, last) = (entry.history.first()?, entry.history.last()?);
    let best = curves::best(entry)?;
    let seed = entry
        .model
        .seed
        .map_or_else(|| quantity::NONE.into(), |seed| seed.to_string());
    Some(vec![
        Cell::text(&entry.model.name),
        Cell::text(seed),
        Cell::text(entry.history.len().to_string()),
        Cell::text(entry.epochs.to_string()),
        Cell::text(quantity::percent(best.validation.ua)),
        Cell::text((best.epoch + 1).to_string()),
        Cell::text(quantity::decimal(Some(best.alpha), 3)),
        Cell::text(quantity::decimal(Some(first.train.total), 3)),
        Cell::text(quantity::decimal(Some(last.train.total), 3)),
        Cell::text(quantity::decimal(Some(last.alpha), 3)),
    ])
}
