//! One table per test: all metrics of every model, beside the published numbers.

use crate::corpus::Emotion;

use super::compose::{Detail, Role, Test, corpora_of, gain, gain_cell, ua_cell};
use super::document::{Block, Cell, Column, Table, Tone};
use super::{PUBLISHED_SOURCE, Report, ReportEntry, number, summary};

/// The tests in order: those of the summary, then the single corpora of the training.
fn tests(report: &Report) -> Vec<(Test, Option<Role>)> {
    let corpora = corpora_of(report);
    let role_of = |test: &Test| match test {
        Test::Corpus(name) => corpora
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, role)| *role),
        Test::InDomain => None,
    };
    let mut tests: Vec<(Test, Option<Role>)> = summary::tests(report)
        .into_iter()
        .map(|test| {
            let role = role_of(&test);
            (test, role)
        })
        .collect();
    let inside: Vec<&(String, Role)> = corpora
        .iter()
        .filter(|(_, role)| *role == Role::InDomain)
        .collect();
    // A single corpus of the training is the same as all of them.
    if let [(only, role)] = inside[..] {
        tests.retain(|(test, _)| *test != Test::InDomain);
        tests.push((Test::Corpus(only.clone()), Some(*role)));
    } else {
        tests.extend(
            inside
                .into_iter()
                .map(|(corpus, role)| (Test::Corpus(corpus.clone()), Some(*role))),
        );
    }
    tests
}

/// A heading and a table per test.
pub(super) fn blocks(report: &Report, detail: Detail) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("Per corpus".into())];
    let mut published = false;
    for (test, role) in tests(report) {
        if detail == Detail::Brief && role == Some(Role::InDomain) {
            continue;
        }
        let table = table(report, &test, role);
        published |= table.columns.iter().any(|column| column.heading == "paper");
        blocks.push(Block::Table(table));
    }
    blocks.push(Block::Paragraph(
        "UA ± one standard error; 95 %: its confidence interval; gain over the baseline in points; WA: \
         accuracy; then the recall of each class. All in %."
            .into(),
    ));
    if published {
        blocks.push(Block::Paragraph(format!(
            "paper: the published UA; in brackets its gain over the published baseline. Source: \
             {PUBLISHED_SOURCE}."
        )));
    }
    blocks
}

fn caption(report: &Report, test: &Test, role: Option<Role>) -> String {
    let mut parts = vec![test.name().to_string()];
    parts.extend(role.map(|role| {
        match role {
            Role::Unseen => "unseen in training",
            Role::Mixed => "in the training of some models",
            Role::InDomain => "held-out speakers",
        }
        .to_string()
    }));
    if let Some((entry, metrics)) = report
        .entries
        .iter()
        .find_map(|entry| Some((entry, test.metrics(entry)?)))
    {
        parts.push(number::of(metrics.utterances, "utterance"));
        let speakers = test.speakers(entry);
        parts.push(number::of(speakers as u64, "speaker"));
    }
    parts.join(", ")
}

fn table(report: &Report, test: &Test, role: Option<Role>) -> Table {
    let tested: Vec<&ReportEntry> = report
        .entries
        .iter()
        .filter(|entry| test.metrics(entry).is_some())
        .collect();
    let gains = tested
        .iter()
        .any(|entry| gain(report, entry, test).is_some());
    let published = tested.iter().any(|entry| test.published(entry).is_some());
    let mut columns = vec![
        Column::text("model", 0),
        Column::text("UA", 0),
        Column::new("95 %", 4),
    ];
    if gains {
        columns.push(Column::new("gain", 2));
    }
    columns.push(Column::new("WA", 5));
    for emotion in Emotion::ALL {
        columns.push(Column::new(&emotion.name()[..3], 1));
    }
    if published {
        columns.push(Column::new("paper", 3));
    }
    let rows = tested
        .into_iter()
        .map(|entry| {
            let metrics = test.metrics(entry);
            let mut row = vec![
                Cell::from(entry.model.name.clone()),
                ua_cell(metrics.as_ref(), None),
            ];
            let metrics = metrics.as_ref();
            row.push(number::interval(metrics.and_then(|m| m.ua_interval)).into());
            if gains {
                row.push(gain_cell(gain(report, entry, test)));
            }
            row.push(number::percent(metrics.and_then(|m| m.wa)).into());
            for class in 0..Emotion::ALL.len() {
                let recall = metrics
                    .and_then(|m| m.classes.get(class))
                    .and_then(|c| c.recall);
                row.push(number::percent(recall).into());
            }
            if published {
                row.push(Cell::toned(paper(entry, test), Tone::Faint));
            }
            row
        })
        .collect();
    Table {
        caption: caption(report, test, role),
        columns,
        rows,
        footer_rows: 0,
    }
}

/// The published UA as printed there, and its gain over the published baseline.
fn paper(entry: &ReportEntry, test: &Test) -> String {
    let Some(ua) = test.published(entry) else {
        return number::NONE.into();
    };
    match test.published_gain(entry) {
        None => format!("{ua:.2}"),
        Some(gain) => format!("{ua:.2} ({gain:+.1})"),
    }
}
