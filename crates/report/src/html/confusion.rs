//! Confusion matrices: one small drawing per variant, shares of the true class as colours and numbers.

use crate::class_names::{MOST_COLUMNS, short_class_names};
use crate::{StudyCell, number};

use super::forest::shorten;
use super::palette;
use super::svg::Svg;
use super::view::View;
use super::wide_confusion;

const LABELS: f64 = 30.0;
const SUPPORT: f64 = 42.0;
const CELL_WIDTH: f64 = 34.0;
const CELL_HEIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
/// In characters.
const LONGEST_NAME: usize = 5;

/// What the figure shows for so many classes; markup.
pub(super) fn caption(classes: usize) -> &'static str {
    match classes {
        ..=MOST_COLUMNS => CAPTION,
        _ => wide_confusion::CAPTION,
    }
}

const CAPTION: &str = "Rows: true class; columns: predicted class. Each number is a share of the true \
    class in %, so rows add up to 100 and the diagonal shows the recalls. On the right: number of utterances of the \
    class, summed over the runs. Classes whose names are too long have numbers, in the order of the recalls.";

/// The matrices of all variants on one test.
pub(super) fn panels(view: &View, test: usize) -> String {
    let classes = view.classes();
    view.study
        .variants
        .iter()
        .filter_map(|variant| {
            let cell = variant.cells.get(test)?.as_ref()?;
            let name = view.label(variant);
            Some(match classes.len() {
                ..=MOST_COLUMNS => matrix(&name, &classes, cell),
                _ => wide_confusion::matrix(&name, &classes, cell),
            })
        })
        .collect()
}

fn matrix(name: &str, classes: &[String], cell: &StudyCell) -> String {
    let size = cell.confusion.classes() as f64;
    let width = LABELS + CELL_WIDTH * size + SUPPORT;
    let mut svg = Svg::new(
        width,
        TOP + CELL_HEIGHT * size + 2.0,
        &format!("Confusion matrix of {name}"),
    );
    let mark = if cell.collapsed > 0 {
        " (collapsed)"
    } else {
        ""
    };
    svg.text(
        0.0,
        12.0,
        "label bold",
        &shorten(&format!("{name}{mark}"), 21),
    );
    let names = short_class_names(classes);
    // Where short names do not fit, classes have their numbers, as in the tables.
    let fits = names
        .iter()
        .all(|name| name.chars().count() <= LONGEST_NAME);
    let short = |class: usize| match names.get(class) {
        Some(name) if fits => name.clone(),
        _ => (class + 1).to_string(),
    };
    for (truth, counts) in cell.confusion.rows().enumerate() {
        let y = TOP + CELL_HEIGHT * truth as f64;
        let x = LABELS + CELL_WIDTH * (truth as f64 + 0.5);
        svg.text(x - 1.0, TOP - 5.0, "tick mid", &short(truth));
        svg.text(LABELS - 5.0, y + 13.5, "tick end", &short(truth));
        let support: u64 = counts.iter().sum();
        for (predicted, &count) in counts.iter().enumerate() {
            let x = LABELS + CELL_WIDTH * predicted as f64;
            let share = count as f64 / support as f64;
            let level = palette::sequential(share);
            let (w, h) = (CELL_WIDTH - 2.0, CELL_HEIGHT - 2.0);
            if share.is_finite() {
                svg.rectangle(x, y, w, h, &format!("q{level}"));
                svg.text(
                    x + w / 2.0,
                    y + 13.0,
                    &format!("cell mid on-q{level}"),
                    &format!("{:.0}", 100.0 * share),
                );
            } else {
                svg.rectangle(x, y, w, h, "none");
            }
        }
        svg.text(width, y + 13.5, "tick end", &number::count(support));
    }
    svg.finish()
}
