//! An evaluation: metrics by corpus, recalls, confusion matrices.

use pipe_engine::cache::{Cache, StepRecord};
use pipe_report::eval::Metrics;
use pipe_report::{ReportEntry, Sheet, SheetCell, SheetColumn, Tone, short_class_names};

use crate::inspect::step;
use crate::stage::EVALUATION_ENTRY;

use super::page::{Page, percent};

/// The tables of an evaluation.
///
/// # Errors
/// What the cache lacks, as a lower-case fragment.
pub fn show(cache: &Cache, record: &StepRecord, page: Page) -> Result<String, String> {
    let mut entry: ReportEntry = step::json(cache, record, EVALUATION_ENTRY)?;
    entry.model.name = "predictions".into();
    let mut sheet = Sheet::new("");
    sheet.heading("Metrics, %");
    let mut columns = vec![
        SheetColumn::text("corpus"),
        SheetColumn::number("UA"),
        SheetColumn::number("95 % interval").dispensable(2),
        SheetColumn::number("WA"),
        SheetColumn::number("F1").dispensable(3),
    ];
    for class in short_class_names(&entry.evaluation.classes) {
        columns.push(SheetColumn::number(&format!("recall {class}")));
    }
    columns.push(SheetColumn::number("utterances").dispensable(1));
    let trained = &entry.model.training_corpora;
    let corpora = &entry.evaluation.corpora;
    // Unseen corpora first: they are what a model is tested for.
    let (seen, unseen): (Vec<_>, Vec<_>) = corpora
        .iter()
        .partition(|(corpus, _)| trained.contains(*corpus));
    let rows = unseen.into_iter().chain(seen);
    let mut rows: Vec<Vec<SheetCell>> = rows
        .map(|(corpus, metrics)| {
            let mark = if trained.contains(corpus) { " *" } else { "" };
            row(&format!("{corpus}{mark}"), metrics)
        })
        .collect();
    rows.push(row("all", &entry.evaluation.overall));
    sheet.table("", columns, rows, 1);
    if corpora.keys().any(|corpus| trained.contains(corpus)) {
        sheet.paragraph("* other speakers of a corpus that the model was trained on.");
    }
    sheet.confusions(vec![entry]);
    Ok(page.render(&sheet))
}

fn row(name: &str, metrics: &Metrics) -> Vec<SheetCell> {
    let interval = metrics.ua_interval.map_or_else(
        || "-".into(),
        |interval| format!("{:.1}–{:.1}", interval.low * 100.0, interval.high * 100.0),
    );
    let name = match metrics.collapsed {
        true => (format!("{name} (collapsed)"), Tone::Bad),
        false => (name.to_string(), Tone::Plain),
    };
    let plain = |text: String| (text, Tone::Plain);
    let mut cells = vec![
        name,
        plain(percent(metrics.ua)),
        plain(interval),
        plain(percent(metrics.wa)),
        plain(percent(metrics.macro_f1)),
    ];
    let recalls = metrics.classes.iter();
    cells.extend(recalls.map(|class| plain(percent(class.recall))));
    cells.push(plain(metrics.utterances.to_string()));
    cells
}
