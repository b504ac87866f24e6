//! The answer in one sentence per test.

use crate::StudyCell;

use super::view::{View, only_reference, role};
use super::{escape, quantity};

/// Level below which a corrected p-value counts.
const SIGNIFICANT: f64 = 0.05;

/// True where a cell differs from what it is compared with after correction.
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
    let reference = only_reference(view.study, &cells);
    if let Some(cell) = reference {
        words += &format!(
            "{} reaches {} %",
            escape::text(&view.study.reference_name()),
            quantity::percent(Some(cell.ua))
        );
    }
    let others = |of: bool| {
        let others = cells.iter();
        others
            .filter(|(variant, _)| of || !view.study.is_reference(variant))
            .collect::<Vec<_>>()
    };
    // Where all could be what others are compared with, none is.
    let others = match others(false) {
        none if none.is_empty() && reference.is_none() => others(true),
        others => others,
    };
    let best = others
        .iter()
        .copied()
        .reduce(|best, next| if next.1.ua > best.1.ua { next } else { best });
    if let Some((variant, cell)) = best {
        if reference.is_some() {
            words += ", ";
        }
        let name = escape::text(&view.label(variant));
        let ua = quantity::percent(Some(cell.ua));
        words += &match (reference.is_some(), others.len()) {
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
    let cells: Vec<&StudyCell> = cells.iter().map(|(_, cell)| *cell).collect();
    words += &counts(&cells, &escape::text(&view.study.reference_in_short()));
    Some(words)
}

/// How many of `compared` variants are better than the `reference` (markup), and how many are worse.
fn verdict(better: usize, worse: usize, compared: usize, reference: &str) -> String {
    match (compared, better, worse) {
        (1, 0, 0) => format!("it does not differ significantly from {reference}"),
        (1, 0, _) => format!("it is worse than {reference}"),
        (1, ..) => format!("it is better than {reference}"),
        (_, 0, 0) => {
            format!("none of {compared} compared variants differs significantly from {reference}")
        }
        _ => {
            let number = |count: usize| match count {
                0 => "none".to_owned(),
                count => count.to_string(),
            };
            let verb = |count: usize| if count > 1 { "are" } else { "is" };
            format!(
                "{} of {compared} compared variants {} better than {reference} and {} {} worse",
                number(better),
                verb(better),
                number(worse),
                verb(worse)
            )
        }
    }
}

/// How many are better than the `reference` (markup), how many are worse, how many collapsed.
fn counts(cells: &[&StudyCell], reference: &str) -> String {
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
        words += &format!(
            " After Holm’s correction (p&nbsp;&lt;&nbsp;0.05), {}.",
            verdict(better, worse, compared.len(), reference)
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
