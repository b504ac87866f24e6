//! The answer in one sentence per test.

use crate::{Method, StudyCell, number};

use super::view::{View, only_baseline, role};
use super::{escape, quantity};

/// Level below which a corrected p-value counts.
const SIGNIFICANT: f64 = 0.05;

/// True where a cell differs from its baseline after correction.
pub(super) fn significant(cell: &StudyCell) -> bool {
    cell.gain
        .and_then(|gain| gain.p_corrected)
        .is_some_and(|p| p < SIGNIFICANT)
}

/// A list with a sentence or two for each main test; markup.
pub(super) fn list(view: &View) -> String {
    let items: String = view
        .main_tests()
        .into_iter()
        .filter_map(|test| Some(format!("<li>{}</li>\n", sentence(view, test)?)))
        .collect();
    format!("<ul class=\"answers\">\n{items}</ul>\n")
}

fn sentence(view: &View, place: usize) -> Option<String> {
    let test = view.study.tests.get(place)?;
    let cells = view.results(place);
    let mut words = format!(
        "<strong>{}</strong> ({}): ",
        escape::text(&test.name),
        role(view.study, test)
    );
    let baseline = only_baseline(&cells);
    if let Some(cell) = baseline {
        words += &format!(
            "the baseline reaches {} %",
            quantity::percent(Some(cell.ua))
        );
    }
    let others: Vec<_> = cells
        .iter()
        .filter(|(variant, _)| variant.method != Some(Method::Baseline))
        .collect();
    let best = others
        .iter()
        .copied()
        .reduce(|best, next| if next.1.ua > best.1.ua { next } else { best });
    if let Some((variant, cell)) = best {
        if baseline.is_some() {
            words += ", ";
        }
        let name = escape::text(&view.label(variant));
        let ua = quantity::percent(Some(cell.ua));
        words += &match (baseline.is_some(), others.len()) {
            (true, 1) => format!("the other variant, {name}, reaches {ua} %"),
            (true, count) => format!("the best of {count} other variants is {name} with {ua} %"),
            (_, 1) => format!("{name} reaches {ua} %"),
            (_, count) => format!("the best of {count} variants is {name} with {ua} %"),
        };
        if let Some(gain) = cell.gain {
            words += &format!(" ({} points)", quantity::points(Some(gain.ua)));
        }
    }
    words += ".";
    words += &counts(&cells.iter().map(|(_, cell)| *cell).collect::<Vec<_>>());
    Some(words)
}

/// How many are better, how many are worse, how many collapsed.
fn counts(cells: &[&StudyCell]) -> String {
    let mut words = String::new();
    let compared: Vec<&&StudyCell> = cells
        .iter()
        .filter(|cell| cell.gain.is_some_and(|gain| gain.p_corrected.is_some()))
        .collect();
    if !compared.is_empty() {
        let differ = |sign: f64| {
            let beyond = |cell: &&&&StudyCell| {
                significant(cell) && cell.gain.is_some_and(|gain| sign * gain.ua > 0.0)
            };
            compared.iter().filter(beyond).count()
        };
        let (better, worse) = (differ(1.0), differ(-1.0));
        let number = |count: usize| match count {
            0 => "none".to_string(),
            count => count.to_string(),
        };
        let verb = |count: usize| if count > 1 { "are" } else { "is" };
        words += &format!(
            " After Holm’s correction (p&nbsp;&lt;&nbsp;0.05), {} of {} {} better than the baseline and {} {} worse.",
            number(better),
            number::counted(compared.len() as u64, "compared variant"),
            verb(better),
            number(worse),
            verb(worse)
        );
    }
    let collapsed = cells.iter().filter(|cell| cell.collapsed > 0).count();
    if collapsed > 0 {
        words += &format!(
            " {} collapsed runs.",
            match collapsed {
                1 => "1 variant has".to_string(),
                _ => format!("{collapsed} variants have"),
            }
        );
    }
    words
}
