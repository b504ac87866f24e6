//! A cell of the heat maps of gains.

use crate::StudyVariant;

use super::answer_sentences::significant;
use super::{palette, quantity, svg::Svg};

/// Width and height of a cell, with the gap to the next.
pub(super) const CELL: (f64, f64) = (52.0, 22.0);

/// One number of a panel.
pub(super) struct Number {
    /// As a proportion.
    pub gain: f64,
    pub significant: bool,
    pub collapsed: bool,
}

/// The gain of a variant on the test at a place; none where there is none.
pub(super) fn ours(variant: &StudyVariant, test: usize) -> Option<Number> {
    let cell = variant.cells.get(test)?.as_ref()?;
    Some(Number {
        gain: cell
            .gain
            .map(|gain| gain.ua)
            .filter(|gain| gain.is_finite())?,
        significant: significant(cell),
        collapsed: cell.collapsed > 0,
    })
}

/// Draws one with its corner at a place; `limit` is the end of the colour scale.
pub(super) fn draw(svg: &mut Svg, (x, y): (f64, f64), number: Option<&Number>, limit: f64) {
    let (width, height) = (CELL.0 - 2.0, CELL.1 - 2.0);
    let Some(number) = number else {
        svg.rectangle(x, y, width, height, "none");
        return;
    };
    let level = palette::diverging(number.gain, limit);
    svg.rectangle(x, y, width, height, &format!("d{level}"));
    let mut text = quantity::points(Some(number.gain));
    if number.significant {
        text += "*";
    }
    if number.collapsed {
        text += " !";
    }
    let bold = if number.significant { " bold" } else { "" };
    svg.text(
        x + width / 2.0,
        y + 14.5,
        &format!("cell mid on-d{level}{bold}"),
        &text,
    );
}
