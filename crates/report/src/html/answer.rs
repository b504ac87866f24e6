//! The summary: a sentence per test, remarks, the table of variants and tests, and the same as markers with intervals.

use crate::{Method, StudyCell, StudyVariant};

use super::answer_sentences::significant;
use super::table::{Cell, Column, Table};
use super::view::{Section, View};
use super::{answer_sentences, escape, forest, quantity};

/// The section; none without variants and remarks.
pub(super) fn section(view: &View) -> Option<Section> {
    let mut body = String::new();
    // Models that only predict numbers are compared on no test of classes.
    let is_compared = !view.study.variants.is_empty() && !view.study.tests.is_empty();
    if is_compared {
        body += &answer_sentences::list(view);
    }
    if !view.study.remarks.is_empty() {
        body += "<div class=\"remarks\"><h3>Caveats</h3><ul>\n";
        for remark in &view.study.remarks {
            body += &format!("<li>{}</li>\n", escape::text(remark));
        }
        body += "</ul></div>\n";
    }
    if is_compared {
        body += &table(view).render();
        let paper = match view.has_published() {
            true => " Paper: the published UA, from a single run.",
            false => "",
        };
        let reference = escape::text(&view.study.reference_in_short());
        body += &KEY
            .replace("{reference}", &reference)
            .replace("{paper}", paper);
        let panels: String = view
            .main_tests()
            .into_iter()
            .filter_map(|test| forest::panel(view, test))
            .collect();
        body += "<h3>Means, seeds and intervals</h3>\n";
        body += &view.figure("unweighted-accuracy", &panels, &forest::caption(view));
    }
    (!body.is_empty()).then_some(Section {
        id: "answer",
        title: "Summary".into(),
        body,
    })
}

const KEY: &str = "<p class=\"key\">UA: unweighted accuracy, the mean recall of the classes, in %, averaged over \
    seeds. 95 %: confidence interval of that mean over seeds, or over the test’s speakers where there are fewer than three \
    seeds (marked †). Gain: difference in UA from {reference}, in points; <b class=\"mark\">*</b> marks p&nbsp;&lt;&nbsp;0.05 \
    after Holm’s correction for all comparisons.{paper} \
    <span class=\"flag\">! 1/3</span>: number of runs that collapsed to (nearly) one class. The best of many \
        variants is partly best by chance.</p>\n";

fn table(view: &View) -> Table {
    let tests = view.main_tests();
    let cells = |test: usize| {
        view.study
            .variants
            .iter()
            .filter_map(move |variant| variant.cells.get(test)?.as_ref())
    };
    let has = |test: usize, what: &dyn Fn(&StudyCell) -> bool| cells(test).any(what);
    let mut columns = vec![Column::text("variant"), Column::number("runs")];
    // Which of the optional columns each test has: interval, gain, paper.
    let mut shown = Vec::new();
    for &test in &tests {
        let interval = has(test, &|cell| {
            cell.seeds_interval.is_some() || cell.speakers_interval.is_some()
        });
        let gain = has(test, &|cell| cell.gain.is_some());
        let paper = has(test, &|cell| cell.published.is_some());
        shown.push((test, interval, gain, paper));
        let name = view.study.tests[test].name.as_str();
        columns.push(Column::number("UA").within(name));
        for (heading, present) in [("95 %", interval), ("gain", gain), ("paper", paper)] {
            if present {
                columns.push(Column::number(heading).within(name));
            }
        }
    }
    let caption = "Unweighted accuracy of every variant on every test";
    let mut table = Table::new(view.caption(caption), columns);
    let mut before = None;
    for variant in &view.study.variants {
        let mut row = vec![
            name(view, variant, &mut before),
            Cell::text(variant.entries.len().to_string()),
        ];
        for &(test, interval, gain, paper) in &shown {
            let cell = variant.cells.get(test).and_then(Option::as_ref);
            row.push(ua(cell));
            if interval {
                row.push(interval_cell(cell));
            }
            if gain {
                row.push(gain_cell(cell));
            }
            if paper {
                let published = cell.and_then(|cell| cell.published);
                row.push(Cell::text(quantity::percent(published.map(|p| p.ua))).class("faint"));
            }
        }
        table.rows.push(row);
    }
    for (name, majority) in [("chance", false), ("majority class", true)] {
        let mut row = vec![Cell::text(name), Cell::text("")];
        for &(test, interval, gain, paper) in &shown {
            let test = &view.study.tests[test];
            row.push(Cell::text(quantity::percent(match &test.majority {
                Some(class) if majority => Some(class.ua),
                None if majority => None,
                _ => test.chance_ua,
            })));
            // The WA of the majority class goes into the first free column.
            let mut wa = test
                .majority
                .as_ref()
                .filter(|_| majority)
                .map(|class| class.wa);
            let rest = [interval, gain, paper].into_iter().filter(|shown| *shown);
            row.extend(rest.map(|_| match wa.take() {
                Some(wa) => Cell::text(format!("WA {}", quantity::percent(Some(wa)))),
                None => Cell::text(""),
            }));
        }
        table.footer.push(row);
    }
    table
}

/// Name of a row; the first of another method than that of the row before has a rule above it.
pub(super) fn name(
    view: &View,
    variant: &StudyVariant,
    before: &mut Option<Option<Method>>,
) -> Cell {
    let cell = Cell::text(view.label(variant));
    match before.replace(variant.method) {
        Some(method) if method != variant.method => cell.class("new"),
        _ => cell,
    }
}

/// Mean UA, flagged where runs collapsed.
pub(super) fn ua(cell: Option<&StudyCell>) -> Cell {
    let Some(cell) = cell else {
        return Cell::text(quantity::NONE);
    };
    let mut markup = quantity::percent(Some(cell.ua));
    if cell.collapsed > 0 {
        markup = format!(
            "<span class=\"flag\" title=\"{} of {} runs collapsed\">! {}/{}</span> {markup}",
            cell.collapsed, cell.runs, cell.collapsed, cell.runs
        );
    }
    Cell::markup(markup).class("ua").sorted_by(Some(cell.ua))
}

fn interval_cell(cell: Option<&StudyCell>) -> Cell {
    match cell.map(|cell| (cell.seeds_interval, cell.speakers_interval)) {
        Some((Some(seeds), _)) => Cell::text(quantity::interval(Some(seeds))),
        Some((None, Some(speakers))) => {
            Cell::text(format!("{}†", quantity::interval(Some(speakers))))
        }
        _ => Cell::text(quantity::NONE),
    }
    .class("faint")
}

/// Gain in points, with a star and a colour where it holds after correction.
pub(super) fn gain_cell(cell: Option<&StudyCell>) -> Cell {
    let gain = cell.and_then(|cell| cell.gain);
    let mut written = escape::text(&quantity::points(gain.map(|gain| gain.ua)));
    let mut class = "";
    if let (Some(cell), Some(gain)) = (cell, gain)
        && significant(cell)
    {
        written += "<b class=\"mark\" title=\"p &lt; 0.05 after correction\">*</b>";
        class = if gain.ua > 0.0 { "good" } else { "bad" };
    }
    Cell::markup(written)
        .class("gain")
        .class(class)
        .sorted_by(gain.map(|gain| gain.ua))
}
