//! Gains as a heat map of variants x tests, for reports that compare along an axis.

use super::forest::{label_width, shorten};
use super::heat_cell::{CELL, draw, ours};
use super::svg::Svg;
use super::view::View;

const TOP: f64 = 40.0;
/// Longest names in characters: of variants, of tests.
const LONGEST: (usize, usize) = (24, 7);

/// Every variant that has a gain on a main test; `limit` is the end of the colour scale.
pub(super) fn panel(view: &View, limit: f64) -> String {
    let tests = view.main_tests();
    let variants = view.study.variants.iter();
    let rows: Vec<_> = variants
        .filter(|variant| tests.iter().any(|&test| ours(variant, test).is_some()))
        .collect();
    let name = |variant| shorten(&view.label(variant), LONGEST.0);
    let labels = label_width(rows.iter().map(|variant| name(variant)));
    let left = labels + 7.0;
    let mut svg = Svg::new(
        left + CELL.0 * tests.len() as f64 + 2.0,
        TOP + CELL.1 * rows.len() as f64 + 2.0,
        &format!("Gain over {}", view.study.reference_name()),
    );
    for (column, &test) in tests.iter().enumerate() {
        let x = left + CELL.0 * (column as f64 + 0.5);
        let test = &view.study.tests[test].name;
        svg.text(x, TOP - 7.0, "label mid", &shorten(test, LONGEST.1));
    }
    for (row, variant) in rows.into_iter().enumerate() {
        let y = TOP + CELL.1 * row as f64;
        svg.text(labels, y + 15.0, "label end", &name(variant));
        for (column, &test) in tests.iter().enumerate() {
            let x = left + CELL.0 * column as f64;
            draw(&mut svg, (x, y), ours(variant, test).as_ref(), limit);
        }
    }
    svg.finish()
}
