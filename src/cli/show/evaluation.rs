//! An evaluation: metrics by corpus, recalls, confusion matrices.

use pipe_engine::cache::{Cache, StepRecord};
use pipe_report::eval::Metrics;
use pipe_report::{ReportEntry, Sheet, SheetCell, SheetColumn, Tone, short_class_names};

use crate::inspect::step;
use pipe_stages::stage::EVALUATION_ENTRY;

use super::page::{Page, percent};

/// The tables of an evaluation.
///
/// # Errors
/// What the cache lacks, as a lower-case fragment.
pub fn show(cache: &Cache, record: &StepRecord, page: Page) -> Result<String, String> {
    let mut entry: ReportEntry = step::json(cache, record, EVALUATION_ENTRY)?;
    entry.model.name = "predictions".into();
    let mut sheet = Sheet::new("");
    if let Some(example) = entry.leaks.first() {
        sheet.notes(vec![format!(
            "The model was tested on speakers or recordings that it was trained on, for example: {example}."
        )]);
    }
    numbers(&mut sheet, &entry);
    if !entry.evaluation.corpora.is_empty() {
        classes(&mut sheet, &entry);
        sheet.confusions(vec![entry]);
    }
    Ok(page.render(&sheet))
}

/// How well numbers are predicted.
fn numbers(sheet: &mut Sheet, entry: &ReportEntry) {
    let plain = |text: String| (text, Tone::Plain);
    let coefficient =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let mut rows: Vec<Vec<SheetCell>> = Vec::new();
    for (target, metrics) in &entry.evaluation.targets {
        for (corpus, found) in &metrics.corpora {
            let agreement = &found.agreement;
            rows.push(vec![
                plain(target.clone()),
                plain(corpus.clone()),
                plain(coefficient(agreement.ccc)),
                plain(coefficient(agreement.pearson)),
                plain(coefficient(Some(agreement.rmse))),
                plain(agreement.pairs.to_string()),
            ]);
        }
    }
    if rows.is_empty() {
        return;
    }
    sheet.heading("Numbers");
    let columns = vec![
        SheetColumn::text("target"),
        SheetColumn::text("corpus"),
        SheetColumn::number("CCC"),
        SheetColumn::number("Pearson").dispensable(1),
        SheetColumn::number("RMSE"),
        SheetColumn::number("utterances").dispensable(2),
    ];
    sheet.table("", columns, rows, 0);
}

/// How well classes are recognised.
fn classes(sheet: &mut Sheet, entry: &ReportEntry) {
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
        sheet.paragraph(match entry.leaks.is_empty() {
            true => "* other speakers of a corpus that the model was trained on.",
            false => "* a corpus that the model was trained on.",
        });
    }
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
