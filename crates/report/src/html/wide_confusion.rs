//! A confusion matrix of very many classes: a map of shares with whole names, without numbers in its cells.

use crate::{StudyCell, number};

use super::svg::{Svg, coordinate};
use super::{escape, palette};

const CELL: f64 = 13.0;
/// Width of a character of the labels, about.
const CHARACTER: f64 = 6.0;
/// In characters.
const LONGEST_NAME: usize = 24;
const TITLE: f64 = 22.0;
const SUPPORT: f64 = 46.0;

/// What the figure shows; markup.
pub(super) const CAPTION: &str = "Rows: true class; columns: predicted class. The darker a cell, the larger the share of \
    the true class that was predicted so; the diagonal shows the recalls, and a cell tells its number under the pointer. \
    On the right: number of utterances of the class, summed over the runs.";

/// The drawing of one variant on one test.
pub(super) fn matrix(name: &str, classes: &[String], cell: &StudyCell) -> String {
    let names: Vec<String> = classes.iter().map(|class| shortened(class)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max();
    let labels = CHARACTER * longest.unwrap_or_default() as f64 + 8.0;
    let (left, top) = (labels, TITLE + labels);
    let size = CELL * cell.confusion.classes() as f64;
    let mut svg = Svg::new(
        left + size + SUPPORT,
        top + size + 2.0,
        &format!("Confusion matrix of {name}"),
    );
    let mark = match cell.collapsed {
        0 => "",
        _ => " (collapsed)",
    };
    svg.text(0.0, 12.0, "label bold", &format!("{name}{mark}"));
    for (truth, counts) in cell.confusion.rows().enumerate() {
        let label = names.get(truth).map_or("?", String::as_str);
        let at = CELL * truth as f64;
        svg.text(left - 5.0, top + at + 9.5, "tick end", label);
        svg.upright_text(left + at + 9.5, top - 5.0, "tick", label);
        let support: u64 = counts.iter().sum();
        svg.text(
            left + size + SUPPORT,
            top + at + 9.5,
            "tick end",
            &number::count(support),
        );
        for (predicted, &count) in counts.iter().enumerate() {
            let share = count as f64 / support as f64;
            if !share.is_finite() {
                continue;
            }
            let told = format!(
                "{}, predicted as {}: {count} of {support}, {:.0} %",
                classes.get(truth).map_or("?", String::as_str),
                classes.get(predicted).map_or("?", String::as_str),
                100.0 * share
            );
            svg.raw(&format!(
                "<rect class=\"q{}\" x=\"{}\" y=\"{}\" width=\"{side}\" height=\"{side}\"><title>{}</title></rect>",
                palette::sequential(share),
                coordinate(left + CELL * predicted as f64),
                coordinate(top + at),
                escape::text(&told),
                side = coordinate(CELL - 1.0),
            ));
        }
    }
    svg.finish()
}

/// A name, or its start.
fn shortened(name: &str) -> String {
    match name.chars().count() {
        ..=LONGEST_NAME => name.to_owned(),
        _ => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
    }
}
