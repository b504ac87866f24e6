//! The corpora that were used: licence, source, utterances, speakers, hours and classes of every split.

use std::collections::BTreeMap;

use crate::{CorpusFacts, SplitFacts, number};

use super::table::{Cell, Column, Table};
use super::view::{Section, View, paragraph};
use super::{escape, quantity};

/// The order of splits; others follow.
const SPLITS: [&str; 3] = ["train", "validation", "test"];

/// The section; none where nothing is known of the data.
pub(super) fn section(view: &View) -> Option<Section> {
    let facts = view.report.facts.as_ref()?;
    let corpora = &facts.corpora;
    if corpora.is_empty() && facts.absent_corpora.is_empty() {
        return None;
    }
    let mut body = about(corpora).render();
    if !facts.absent_corpora.is_empty() {
        body += &absent(&facts.absent_corpora).render();
    }
    body += &splits(view, corpora).render();
    for partition in &facts.partitions {
        body += &paragraph(&format!(
            "Splits follow {} ({}, BLAKE3 {}).",
            partition.name,
            match partition.unmatched {
                0 => number::counted(partition.files, "file"),
                unmatched => format!(
                    "{}, {} of them not among the data",
                    number::counted(partition.files, "file"),
                    number::count(unmatched)
                ),
            },
            partition.digest
        ));
    }
    Some(Section {
        id: "data",
        title: "Data".into(),
        body,
    })
}

fn about(corpora: &[CorpusFacts]) -> Table {
    let mut table = Table::new(
        "Corpora",
        vec![
            Column::text("corpus"),
            Column::text("title"),
            Column::text("language"),
            Column::number("used"),
            Column::number("official"),
            Column::number("share in %"),
            Column::text("licence"),
            Column::text("source"),
        ],
    );
    for corpus in corpora {
        let in_splits: u64 = corpus.splits.values().map(|split| split.utterances).sum();
        let used = match corpus.utterances {
            0 => in_splits,
            utterances => utterances,
        };
        let official = corpus.official_utterances;
        let share = official.map(|official| used as f64 / official as f64);
        table.rows.push(vec![
            Cell::text(&corpus.name),
            Cell::text(&corpus.title).class("wide"),
            Cell::text(&corpus.language),
            Cell::text(number::count(used)),
            Cell::text(official.map_or_else(|| quantity::NONE.into(), number::count)),
            Cell::text(quantity::percent(share)),
            Cell::text(&corpus.licence).class("wide"),
            Cell::markup(source(&corpus.source)).class("wide"),
        ]);
    }
    table
}

/// Corpora that the manifest names and that the run did without.
fn absent(corpora: &[CorpusFacts]) -> Table {
    let mut table = Table::new(
        "Named in the manifest but not found: this run did not use them",
        vec![
            Column::text("corpus"),
            Column::text("title"),
            Column::text("licence"),
            Column::text("source"),
        ],
    );
    for corpus in corpora {
        table.rows.push(vec![
            Cell::text(&corpus.name),
            Cell::text(&corpus.title).class("wide"),
            Cell::text(&corpus.licence).class("wide"),
            Cell::markup(source(&corpus.source)).class("wide"),
        ]);
    }
    table
}

/// A source as a link where it is an address alone.
fn source(source: &str) -> String {
    let escaped = escape::text(source);
    let address = source.starts_with("https://") || source.starts_with("http://");
    if address && !source.contains(char::is_whitespace) {
        return format!("<a href=\"{escaped}\" rel=\"noreferrer\">{escaped}</a>");
    }
    escaped
}

/// Classes in the order of the evaluation, then any others by name.
fn classes(view: &View, corpora: &[CorpusFacts]) -> Vec<String> {
    let mut names = view.classes();
    let splits = corpora.iter().flat_map(|corpus| corpus.splits.values());
    let mut others: Vec<&String> = splits.flat_map(|split| split.classes.keys()).collect();
    others.sort();
    for name in others {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn splits(view: &View, corpora: &[CorpusFacts]) -> Table {
    let classes = classes(view, corpora);
    let unit = unit(corpora);
    let mut columns = vec![
        Column::text("corpus"),
        Column::text("split"),
        Column::number("utterances"),
        Column::number("speakers"),
        Column::number(unit.name),
    ];
    columns.extend(
        classes
            .iter()
            .map(|class| Column::number(class).within("utterances per class")),
    );
    let title = format!("Utterances, speakers, {} and classes per split", unit.name);
    let mut table = Table::new(title, columns);
    let mut totals: BTreeMap<usize, (String, SplitFacts)> = BTreeMap::new();
    for corpus in corpora {
        let mut ordered: Vec<(&String, &SplitFacts)> = corpus.splits.iter().collect();
        ordered.sort_by_key(|(name, _)| rank(name));
        for (name, split) in ordered {
            table
                .rows
                .push(row(&corpus.name, name, split, unit, &classes));
            let place = rank(name).min(SPLITS.len());
            let label = if place < SPLITS.len() {
                name.clone()
            } else {
                "other".to_string()
            };
            let (_, total) = totals.entry(place).or_insert_with(|| {
                let empty = SplitFacts {
                    hours: Some(0.0),
                    ..SplitFacts::default()
                };
                (label, empty)
            });
            total.utterances += split.utterances;
            total.speakers += split.speakers;
            total.hours = total.hours.zip(split.hours).map(|(a, b)| a + b);
            for (class, count) in &split.classes {
                *total.classes.entry(class.clone()).or_default() += count;
            }
        }
    }
    table.footer = totals
        .values()
        .map(|(name, total)| row("all", name, total, unit, &classes))
        .collect();
    table
}

fn rank(split: &str) -> usize {
    SPLITS
        .iter()
        .position(|known| *known == split)
        .unwrap_or(SPLITS.len())
}

/// A unit of the lengths of splits.
#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    in_an_hour: f64,
}

/// The largest unit of which the longest split has one: in hours, splits of seconds are all 0.00.
fn unit(corpora: &[CorpusFacts]) -> Unit {
    let splits = corpora.iter().flat_map(|corpus| corpus.splits.values());
    let longest_h = splits.filter_map(|split| split.hours).fold(0.0, f64::max);
    let (name, in_an_hour) = match longest_h {
        0.0 => ("hours", 1.0),
        h if h < 1.0 / 60.0 => ("seconds", 3600.0),
        h if h < 1.0 => ("minutes", 60.0),
        _ => ("hours", 1.0),
    };
    Unit { name, in_an_hour }
}

fn row(corpus: &str, name: &str, split: &SplitFacts, unit: Unit, classes: &[String]) -> Vec<Cell> {
    let mut row = vec![
        Cell::text(corpus),
        Cell::text(name).sorted_by(Some(rank(name) as f64)),
        Cell::text(number::count(split.utterances)),
        Cell::text(number::count(split.speakers)),
        Cell::text(quantity::decimal(
            split.hours.map(|hours| hours * unit.in_an_hour),
            2,
        )),
    ];
    row.extend(classes.iter().map(|class| {
        let count = split.classes.get(class).copied().unwrap_or(0);
        Cell::text(number::count(count))
    }));
    row
}
