//! Forest plots: every variant of a test as a dot with both intervals, its seeds, and the paper's number.

use crate::{Method, StudyVariant};

use super::scale::{Scale, decimals, ticks};
use super::svg::{Marker, Svg};
use super::view::{View, only_reference};
use super::{escape, palette, quantity};

const WIDTH: f64 = 340.0;
/// Longest label in characters, and the width of one.
const LONGEST: usize = 24;
const CHARACTER: f64 = 7.9;
const TOP: f64 = 44.0;
const ROW: f64 = 15.0;
/// Between methods.
const GAP: f64 = 7.0;

/// What the figure shows; markup.
pub(super) fn caption(view: &View) -> String {
    let markers = match view.study.reference {
        None => " (disc: baseline, square: MTL, triangle: GR, diamond: AD)",
        Some(_) => "",
    };
    let line = match view.study.reference {
        None => "our baseline".to_owned(),
        Some(_) => escape::text(&view.study.reference_name()),
    };
    let cross = match view.has_published() {
        true => " Cross: published UA.",
        false => "",
    };
    format!(
        "Each row is a variant. Large marker: mean UA over seeds{markers}. Small rings: single seeds. Thin line: 95 % \
         confidence interval of the mean over seeds, none under three. Wide band: 95 % interval from a bootstrap over the test’s speakers.{cross} \
         Solid vertical line: {line}. Dashed line: chance, if it is within the axis."
    )
}

/// One test; none where no variant has a number.
pub(super) fn panel(view: &View, place: usize) -> Option<String> {
    let test = view.study.tests.get(place)?;
    let rows = view.results(place);
    if rows.is_empty() {
        return None;
    }
    let mut values: Vec<f64> = Vec::new();
    for (_, cell) in &rows {
        values.push(cell.ua);
        values.extend(&cell.uas);
        values.extend(cell.published.map(|published| published.ua));
        // Over three or four seeds Student's interval may be very wide: it does not stretch the axis, and its line runs
        // off the edge.
        for interval in [cell.speakers_interval, cell.seeds_interval]
            .into_iter()
            .flatten()
        {
            values.push(interval.low.max(cell.ua - 0.12));
            values.push(interval.high.min(cell.ua + 0.12));
        }
    }
    let ticks = ticks(values.into_iter(), 4);
    let (low, high) = (*ticks.first()?, *ticks.last()?);
    let labels = label_width(rows.iter().map(|(variant, _)| label(view, variant)));
    let axis = Scale::new(low, high, labels + 8.0, WIDTH - 12.0);
    let breaks = rows
        .windows(2)
        .filter(|pair| pair[0].0.method != pair[1].0.method)
        .count();
    let bottom = TOP + ROW * rows.len() as f64 + GAP * breaks as f64 + 4.0;
    let mut svg = Svg::new(
        WIDTH,
        bottom + 22.0,
        &format!("UA of every variant on {} with intervals", test.name),
    );
    svg.text(0.0, 14.0, "title", &shorten(&test.name, 38));
    let decimals = decimals(&ticks, 100.0, 0);
    for &tick in &ticks {
        let x = axis.at(tick);
        svg.line((x, TOP - 6.0), (x, bottom), "grid");
        let label = quantity::decimal(Some(100.0 * tick), decimals);
        svg.text(x, TOP - 12.0, "tick mid", &label);
        svg.text(x, bottom + 13.0, "tick mid", &label);
    }
    svg.text(0.0, TOP - 12.0, "tick", "UA in %");
    if let Some(chance) = test
        .chance_ua
        .filter(|chance| (low..=high).contains(chance))
    {
        svg.line(
            (axis.at(chance), TOP - 6.0),
            (axis.at(chance), bottom),
            "chance",
        );
    }
    if let Some(cell) = only_reference(view.study, &rows) {
        let x = axis.at(cell.ua);
        svg.line((x, TOP - 6.0), (x, bottom), "baseline");
    }
    let mut y = TOP + ROW / 2.0;
    let mut before: Option<Option<Method>> = None;
    for (variant, cell) in rows {
        if before.is_some_and(|method| method != variant.method) {
            y += GAP;
        }
        before = Some(variant.method);
        svg.text(labels, y + 3.5, "label end", &label(view, variant));
        row(&mut svg, (y, axis), variant, cell);
        y += ROW;
    }
    Some(svg.finish())
}

fn label(view: &View, variant: &StudyVariant) -> String {
    shorten(&view.label(variant), LONGEST)
}

/// Room for the longest of some labels.
pub(super) fn label_width(labels: impl Iterator<Item = String>) -> f64 {
    let longest = labels.map(|label| label.chars().count()).max().unwrap_or(0);
    (CHARACTER * longest as f64).max(50.0)
}

/// `text` cut to `length` characters.
pub(super) fn shorten(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_string();
    }
    let start: String = text.chars().take(length.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

fn row(svg: &mut Svg, (y, axis): (f64, Scale), variant: &StudyVariant, cell: &crate::StudyCell) {
    let (class, marker) = palette::method(variant.method);
    svg.raw(&format!(
        "<g><title>{}: {} %; 95 % interval over seeds {}, over speakers {}</title>",
        escape::text(&variant.name),
        quantity::percent(Some(cell.ua)),
        quantity::interval(cell.seeds_interval),
        quantity::interval(cell.speakers_interval),
    ));
    if let Some(interval) = cell.speakers_interval {
        let (from, to) = (axis.at(interval.low), axis.at(interval.high));
        svg.rectangle(from, y - 4.0, to - from, 8.0, &format!("band {class}"));
    }
    if let Some(interval) = cell.seeds_interval {
        let (from, to) = (axis.at(interval.low), axis.at(interval.high));
        svg.line((from, y), (to, y), &format!("whisker {class}"));
    }
    if cell.uas.len() > 1 {
        for &ua in &cell.uas {
            svg.marker(Marker::Disc, axis.at(ua), y, 1.8, &format!("seed {class}"));
        }
    }
    svg.marker(marker, axis.at(cell.ua), y, 3.6, &format!("mean {class}"));
    if let Some(published) = cell.published {
        svg.marker(Marker::Cross, axis.at(published.ua), y, 2.8, "paper");
    }
    svg.raw("</g>");
}
