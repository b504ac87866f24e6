//! Checks for leaks between splits, and what readers found odd.

use crate::{LeakCheck, number};

use super::table::{Cell, Column, Table};
use super::view::{Section, View};
use super::{escape, figure};

/// Most findings that are listed one by one.
const LISTED: usize = 300;

/// The section; none where nothing was checked.
pub(super) fn section(view: &View) -> Option<Section> {
    let facts = view.report.facts.as_ref()?;
    let mut body = String::new();
    if !facts.leak_checks.is_empty() {
        let leaks = facts
            .leak_checks
            .iter()
            .filter(|check| !check.found.is_empty())
            .count();
        body += &match leaks {
            0 => format!(
                "<p>None of {} found a leak between splits.</p>\n",
                number::counted(facts.leak_checks.len() as u64, "check")
            ),
            leaks => format!(
                "<p><span class=\"flag\">leaks</span> {} of {} found leaks between splits.</p>\n",
                leaks,
                number::counted(facts.leak_checks.len() as u64, "check")
            ),
        };
        let mut table = Table::new(
            "Leak checks",
            vec![
                Column::text("check"),
                Column::text("between"),
                Column::number("found"),
            ],
        );
        table.rows = facts.leak_checks.iter().map(row).collect();
        body += &table.render();
        for check in facts
            .leak_checks
            .iter()
            .filter(|check| !check.found.is_empty())
        {
            let summary = format!(
                "{} <span class=\"faint\">{}</span>",
                escape::text(&check.name),
                escape::text(&check.between)
            );
            body += &figure::details(&summary, &list(&check.found));
        }
    }
    if !facts.warnings.is_empty() {
        let summary = format!(
            "Warnings of the corpus readers <span class=\"faint\">{}</span>",
            number::count(facts.warnings.len() as u64)
        );
        body += &figure::details(&summary, &list(&facts.warnings));
    }
    (!body.is_empty()).then_some(Section {
        id: "leaks",
        title: "Leak checks".into(),
        body,
    })
}

fn row(check: &LeakCheck) -> Vec<Cell> {
    let found = match check.found.len() {
        0 => Cell::markup("<span class=\"good\">none</span>"),
        found => Cell::markup(format!(
            "<span class=\"bad\">{}</span>",
            number::count(found as u64)
        )),
    };
    vec![
        Cell::text(&check.name),
        Cell::text(&check.between),
        found.sorted_by(Some(check.found.len() as f64)),
    ]
}

/// A list of texts; long ones end with how many there are besides.
pub(super) fn list(texts: &[String]) -> String {
    let mut html = String::from("<ul class=\"items\">\n");
    for text in texts.iter().take(LISTED) {
        html += &format!("<li>{}</li>\n", escape::text(text));
    }
    html += "</ul>\n";
    if texts.len() > LISTED {
        html += &format!(
            "<p class=\"faint\">and {} more, listed in the JSON file beside this page</p>\n",
            number::count((texts.len() - LISTED) as u64)
        );
    }
    html
}
