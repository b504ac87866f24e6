//! Every number of every test: intervals, gains, recalls, confusion matrices.

use crate::class_names::MOST_COLUMNS;
use crate::{StudyCell, StudyTest, number};

use super::table::{Cell, Column, Table};
use super::view::{Section, View, paragraph, role};
use super::{answer, confusion, escape, figure, forest, palette, quantity};

/// The section; none without tests.
pub(super) fn section(view: &View) -> Option<Section> {
    if view.study.tests.is_empty() {
        return None;
    }
    let main = view.main_tests();
    let reference = escape::text(&view.study.compared_with());
    let mut body = KEY.replace("{gain}", &format!("difference from {reference}"));
    for (place, test) in view.study.tests.iter().enumerate() {
        let facts = facts(view, test);
        let mut part = table(view, place).render();
        if let Some(recalls) = recalls_by_class(view, place) {
            part += &figure::details("Recall of each class", &recalls.render());
        }
        let matrices = confusion::panels(view, place);
        let figure_name = format!("confusion-{}", test.name);
        let matrices = view.figure(
            &figure_name,
            &matrices,
            confusion::caption(view.study.classes.len()),
        );
        if main.contains(&place) {
            part += &figure::details("Confusion matrices", &matrices);
            body += &format!(
                "<h3>{}</h3>\n{}{part}",
                escape::text(&test.name),
                paragraph(&facts)
            );
        } else {
            let panel = forest::panel(view, place).unwrap_or_default();
            let forest = view.figure(&format!("ua-{}", test.name), &panel, &forest::caption(view));
            body += &figure::details(
                &format!(
                    "<h3>{}</h3> <span class=\"faint\">{}</span>",
                    escape::text(&test.name),
                    escape::text(&facts)
                ),
                &(part + &forest + &matrices),
            );
        }
    }
    Some(Section {
        id: "tests",
        title: "Results per test".into(),
        body,
    })
}

const KEY: &str = "<p class=\"key\">Over seeds: 95 % confidence interval of the mean over seeds (Student’s t; none under three); it covers how \
    results vary between trainings. Over speakers: bootstrap over the test’s speakers; it covers how results vary \
    between speakers. Gain: {gain}. p: two-sided; Holm: \
    corrected for all comparisons of the study. WA: weighted accuracy. Recalls in %; darker is higher.</p>\n";

/// Size, chance and majority of a test; plain text.
fn facts(view: &View, test: &StudyTest) -> String {
    let mut facts = vec![
        role(view.study, test).to_string(),
        number::counted(test.utterances, "utterance"),
        number::counted(test.speakers as u64, "speaker"),
    ];
    if let Some(chance) = test.chance_ua {
        facts.push(format!("chance UA {} %", quantity::percent(Some(chance))));
    }
    if let Some(majority) = &test.majority {
        let classes = view.classes();
        let class = classes.get(majority.class).map_or("?", String::as_str);
        facts.push(format!(
            "always predicting “{class}”: UA {} %, WA {} %",
            quantity::percent(Some(majority.ua)),
            quantity::percent(Some(majority.wa))
        ));
    }
    let mut facts = facts.join("; ");
    if let Some(first) = facts.get(..1) {
        facts = first.to_uppercase() + &facts[1..];
    }
    facts + "."
}

fn table(view: &View, place: usize) -> Table {
    let rows: Vec<_> = view
        .study
        .variants
        .iter()
        .filter_map(|variant| Some((variant, variant.cells.get(place)?.as_ref()?)))
        .collect();
    let has = |what: &dyn Fn(&StudyCell) -> bool| rows.iter().any(|(_, cell)| what(cell));
    let seeds = has(&|cell| cell.seeds_interval.is_some());
    let speakers = has(&|cell| cell.speakers_interval.is_some());
    let gain = has(&|cell| cell.gain.is_some());
    let p = has(&|cell| cell.gain.is_some_and(|gain| gain.p.is_some()));
    let published = has(&|cell| cell.published.is_some());
    let classes = match view.classes() {
        few if few.len() <= MOST_COLUMNS => few,
        _ => Vec::new(),
    };
    let mut columns = vec![
        Column::text("variant"),
        Column::number("runs"),
        Column::number("UA"),
    ];
    let optional = |columns: &mut Vec<Column>, shown: bool, group: &str, headings: &[&str]| {
        if shown {
            columns.extend(headings.iter().map(|h| Column::number(h).within(group)));
        }
    };
    optional(&mut columns, seeds, "95 % interval of UA", &["over seeds"]);
    optional(
        &mut columns,
        speakers,
        "95 % interval of UA",
        &["over speakers"],
    );
    let over = format!("gain over {}", view.study.reference_name());
    optional(&mut columns, gain, &over, &["points", "95 %"]);
    optional(&mut columns, p, &over, &["p", "Holm"]);
    columns.push(Column::number("WA"));
    for class in &classes {
        columns.push(Column::number(class).within("recall"));
    }
    optional(&mut columns, published, "paper", &["UA", "gain"]);
    let name = &view.study.tests[place].name;
    let mut table = Table::new(view.caption(&format!("All results: {name}")), columns);
    let mut before = None;
    for (variant, cell) in rows {
        let mut row = vec![
            answer::name(view, variant, &mut before),
            Cell::text(cell.runs.to_string()),
            answer::ua(Some(cell)),
        ];
        if seeds {
            row.push(Cell::text(quantity::interval(cell.seeds_interval)));
        }
        if speakers {
            row.push(Cell::text(quantity::interval(cell.speakers_interval)));
        }
        if gain {
            row.push(answer::gain_cell(Some(cell)));
            let interval = cell.gain.and_then(|gain| gain.interval);
            row.push(
                Cell::text(quantity::points_interval(interval)).sorted_by(interval.map(|i| i.low)),
            );
        }
        if p {
            for p in [
                cell.gain.and_then(|g| g.p),
                cell.gain.and_then(|g| g.p_corrected),
            ] {
                row.push(Cell::text(quantity::p_value(p)).sorted_by(p));
            }
        }
        row.push(Cell::text(quantity::percent(Some(cell.wa))));
        for class in 0..classes.len() {
            row.push(recall(cell.recalls.get(class).copied().flatten()));
        }
        if published {
            row.push(Cell::text(quantity::percent(cell.published.map(|p| p.ua))));
            let gain = cell.published.and_then(|p| p.gain);
            row.push(Cell::text(quantity::points(gain)).sorted_by(gain));
        }
        table.rows.push(row);
    }
    table
}

/// The recalls of very many classes: a row for each, a column for each variant; none where there are fewer.
fn recalls_by_class(view: &View, place: usize) -> Option<Table> {
    let classes = view.classes();
    if classes.len() <= MOST_COLUMNS {
        return None;
    }
    let variants = view.study.variants.iter();
    let tested: Vec<(String, &StudyCell)> = variants
        .filter_map(|variant| Some((view.label(variant), variant.cells.get(place)?.as_ref()?)))
        .collect();
    let mut columns = vec![Column::text("class")];
    columns.extend(tested.iter().map(|(name, _)| Column::number(name)));
    let name = &view.study.tests[place].name;
    let mut table = Table::new(
        view.caption(&format!("Recall of each class, in %: {name}")),
        columns,
    );
    for (class, name) in classes.iter().enumerate() {
        let recalls = tested.iter();
        let recalls = recalls.map(|(_, cell)| recall(cell.recalls.get(class).copied().flatten()));
        let row = std::iter::once(Cell::text(name)).chain(recalls);
        table.rows.push(row.collect());
    }
    Some(table)
}

/// A recall on the colour of its height.
fn recall(recall: Option<f64>) -> Cell {
    let cell = Cell::text(quantity::percent(recall));
    match recall {
        Some(recall) if recall.is_finite() => {
            cell.class(&format!("heat q{}", palette::sequential(recall)))
        }
        _ => cell,
    }
}
