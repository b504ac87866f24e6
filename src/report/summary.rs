//! The table that answers the question: one row per model, one column per test.

use super::compose::{Role, Test, corpora_of, gain, ua_cell};
use super::document::{Block, Cell, Column, Table, Tone};
use super::{Report, number};

/// The tests a summary shows: every corpus that some model had not seen, then all others as one.
pub(super) fn tests(report: &Report) -> Vec<Test> {
    let corpora = corpora_of(report);
    let mut tests: Vec<Test> = corpora
        .iter()
        .filter(|(_, role)| *role != Role::InDomain)
        .map(|(corpus, _)| Test::Corpus(corpus.clone()))
        .collect();
    if tests.len() < corpora.len() {
        tests.push(Test::InDomain);
    }
    tests
}

/// The heading, the table and its key.
pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let tests = tests(report);
    let mut columns = vec![Column::text("model", 0)];
    columns.extend(tests.iter().enumerate().map(|(place, test)| {
        // The last tests give way first.
        Column::text(test.name(), u8::try_from(place).unwrap_or(u8::MAX))
    }));
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for entry in &report.entries {
        let mut row = vec![Cell::from(entry.model.name.clone())];
        for test in &tests {
            let cell = ua_cell(test.metrics(entry).as_ref(), gain(report, entry, test));
            row.push(cell);
        }
        rows.push(row);
    }
    let model_rows = rows.len();
    let constant = |name: &str, of: &dyn Fn(&crate::eval::Metrics) -> Option<String>| {
        let mut row = vec![Cell::toned(name, Tone::Faint)];
        for test in &tests {
            let metrics = report.entries.iter().find_map(|entry| test.metrics(entry));
            let text = metrics.as_ref().and_then(of);
            row.push(Cell::toned(
                text.unwrap_or_else(|| number::NONE.into()),
                Tone::Faint,
            ));
        }
        row
    };
    rows.push(constant("chance", &|metrics| {
        Some(number::percent(Some(metrics.chance_ua?)))
    }));
    rows.push(constant("majority class", &|metrics| {
        let majority = metrics.majority.as_ref()?;
        let (ua, wa) = (
            number::percent(Some(majority.ua)),
            number::percent(Some(majority.wa)),
        );
        Some(format!("{ua} (WA {wa})"))
    }));
    let footer_rows = rows.len() - model_rows;
    vec![
        Block::Heading("Unweighted accuracy".into()),
        Block::Table(Table {
            caption: String::new(),
            columns,
            rows,
            footer_rows,
        }),
        Block::Paragraph(key(report, &tests)),
    ]
}

fn key(report: &Report, tests: &[Test]) -> String {
    let mut key = String::from(
        "UA in %: the mean recall of the classes, ± one binomial standard error, which takes utterances as \
         independent.",
    );
    let any = |what: &dyn Fn(&crate::report::ReportEntry, &Test) -> bool| {
        let mut entries = report.entries.iter();
        entries.any(|entry| tests.iter().any(|test| what(entry, test)))
    };
    if any(&|entry, test| gain(report, entry, test).is_some()) {
        key += " In brackets: gain over the baseline in points.";
    }
    if any(&|entry, test| test.metrics(entry).is_some_and(|metrics| metrics.collapsed)) {
        key += " ! marks a collapsed model: nearly all its predictions are one class.";
    }
    if tests.contains(&Test::InDomain) {
        key += " In domain: held-out speakers of the training corpora, all together.";
    }
    key
}
