//! The report as one HTML page that needs nothing else: tables and figures are drawn here, a script beside
//! adds sorting, colours, hover labels and saving.

mod answer;
mod answer_sentences;
mod audit;
mod by_classes;
mod checks;
mod confusion;
mod curves;
mod data;
mod escape;
mod figure;
mod folds;
mod forest;
mod heat_cell;
mod heat_map;
mod left_out;
mod maps;
pub(crate) mod of_run;
mod palette;
mod per_test;
mod printed_tables;
mod probes;
mod quantity;
mod reading;
mod reproduce;
mod scale;
mod steps;
mod svg;
mod table;
mod training;
mod variant_heat_map;
mod view;
mod wide_confusion;

use crate::{Report, Study, number};
use view::{Section, View};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page. The same report and study give the same bytes.
pub(super) fn render(report: &Report, study: &Study) -> String {
    let view = View { report, study };
    let sections: Vec<Section> = [
        by_classes::section(&view, answer::section),
        by_classes::section(&view, heat_map::section),
        by_classes::section(&view, per_test::section),
        by_classes::section(&view, folds::section),
        printed_tables::numeric_targets(&view),
        printed_tables::original_labels(&view),
        training::section(&view),
        probes::section(&view),
        maps::section(&view),
        data::section(&view),
        audit::section(&view),
        checks::section(&view),
        left_out::section(&view),
        steps::section(&view),
        reproduce::section(&view),
        reading::section(&view),
    ]
    .into_iter()
    .flatten()
    .collect();
    let title = match escape::text(report.title.trim()) {
        none if none.is_empty() => "Report".to_string(),
        title => title,
    };
    let contents: String = sections
        .iter()
        .map(|section| format!("<li><a href=\"#{}\">{}</a></li>", section.id, section.title))
        .collect();
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n\
         <header><div class=\"heading\"><h1>{title}</h1>{}</div>{THEME}</header>\n",
        scope(&view)
    );
    html += &format!(
        "<div class=\"page\">\n<nav aria-label=\"Contents\"><details open><summary>Contents</summary>\
         <ol>{contents}</ol></details></nav>\n<main id=\"content\" tabindex=\"-1\">\n"
    );
    if report.entries.is_empty() {
        html += "<p>There is nothing to compare: no model was evaluated.</p>\n";
    }
    for section in &sections {
        html += &format!(
            "<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n",
            section.id, section.title, section.body
        );
    }
    html += &format!(
        "</main>\n</div>\n<footer><p>{}</p></footer>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        footer(report)
    );
    html
}

/// The switch of light and dark; the script shows it.
const THEME: &str = "<fieldset class=\"choice theme\" hidden><legend>Colour theme</legend>\
    <label><input type=\"radio\" name=\"theme\" value=\"auto\" checked><span>Auto</span></label>\
    <label><input type=\"radio\" name=\"theme\" value=\"light\"><span>Light</span></label>\
    <label><input type=\"radio\" name=\"theme\" value=\"dark\"><span>Dark</span></label></fieldset>";

/// One line on how much was compared; markup.
fn scope(view: &View) -> String {
    if view.report.entries.is_empty() {
        return String::new();
    }
    let mut parts = vec![number::counted(view.report.entries.len() as u64, "model")];
    let variants = view.study.variants.len();
    if variants < view.report.entries.len() {
        parts.push(number::counted(variants as u64, "variant"));
    }
    let tests = view.study.tests.iter();
    let corpora = tests
        .filter(|test| !["in domain", "all folds"].contains(&test.name.as_str()))
        .count();
    parts.push(match corpora {
        1 => "1 test corpus".to_string(),
        corpora => format!("{} test corpora", number::count(corpora as u64)),
    });
    if let Some(facts) = view
        .report
        .facts
        .as_ref()
        .filter(|f| !f.manifest.is_empty())
    {
        parts.push(format!("manifest {}", facts.manifest));
    }
    format!(
        "<p class=\"scope\">{}</p>",
        escape::text(&parts.join(" · "))
    )
}

fn footer(report: &Report) -> String {
    match &report.facts {
        Some(facts) if !facts.pipe_version.is_empty() => {
            format!("Written by pipe {}.", escape::text(&facts.pipe_version))
        }
        _ => "Written by pipe.".to_string(),
    }
}
