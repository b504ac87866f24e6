//! Learning curves: small multiples of the validation UA, and UA, losses and alpha of one variant.

use crate::{EpochPoint, Method, ReportEntry, StudyVariant};

use super::forest::shorten;
use super::scale::{Scale, decimals, ticks};
use super::svg::{Marker, Svg, polyline};
use super::view::View;
use super::{escape, palette};

/// Largest number of points of a curve; of longer histories every n-th epoch is shown.
const POINTS: usize = 160;
const DETAIL_WIDTH: f64 = 340.0;

/// Markup.
pub(super) const OVERVIEW_CAPTION: &str = "UA on the validation speakers in %, one line per seed; the marker shows \
    the best epoch, whose weights were kept. The weights were selected by this score, so it is optimistic. All \
    panels have the same axes.";
/// Markup.
pub(super) const DETAIL_CAPTION: &str = "Top: UA on the validation speakers. Middle: training losses, that is the \
    cross-entropy of the emotion head and of each attribute head, and their total. Bottom: alpha, the weight of the \
    attribute tasks. One line per seed; the marker shows the best epoch.";

/// The epoch whose validation UA was first the highest.
pub(super) fn best(entry: &ReportEntry) -> Option<&EpochPoint> {
    EpochPoint::kept(&entry.history)
}

/// Variants with a history, by the name of their method, in their order.
pub(super) fn by_method<'a>(view: &View<'a>) -> Vec<(&'static str, Vec<&'a StudyVariant>)> {
    let mut groups: Vec<(&'static str, Vec<&StudyVariant>)> = Vec::new();
    for variant in &view.study.variants {
        if histories(view, variant).next().is_none() {
            continue;
        }
        let name = variant.method.map_or("other models", Method::name);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push(variant),
            None => groups.push((name, vec![variant])),
        }
    }
    groups
}

fn histories<'a>(
    view: &View<'a>,
    variant: &'a StudyVariant,
) -> impl Iterator<Item = &'a ReportEntry> {
    let entries = &view.report.entries;
    let models = variant
        .entries
        .iter()
        .filter_map(move |&index| entries.get(index));
    models.filter(|entry| !entry.history.is_empty())
}

fn all<'a>(view: &View<'a>) -> impl Iterator<Item = &'a EpochPoint> {
    view.report.entries.iter().flat_map(|entry| &entry.history)
}

/// Axis of epochs, counted from 1, that all panels share.
fn epochs(view: &View, from: f64, to: f64) -> (Scale, usize) {
    let last = all(view).map(|epoch| epoch.epoch + 1).max().unwrap_or(1);
    (Scale::new(1.0, (last.max(2)) as f64, from, to), last)
}

/// Places of a value over the epochs.
fn line<'a>(
    history: &'a [EpochPoint],
    x: Scale,
    y: Scale,
    value: impl Fn(&'a EpochPoint) -> Option<f64>,
) -> String {
    let stride = history.len().div_ceil(POINTS).max(1);
    let last = history.len().saturating_sub(1);
    let shown = history
        .iter()
        .enumerate()
        .filter(|(place, _)| place % stride == 0 || *place == last);
    let points: Vec<(f64, f64)> = shown
        .map(|(_, epoch)| {
            let place = value(epoch).filter(|value| value.is_finite());
            (
                x.at((epoch.epoch + 1) as f64),
                place.map_or(f64::NAN, |value| y.at(value)),
            )
        })
        .collect();
    polyline(points.into_iter())
}

fn ua_ticks(view: &View) -> Vec<f64> {
    ticks(all(view).map(|epoch| epoch.validation.shown()), 4)
}

/// A small panel of the validation UA per variant.
pub(super) fn overview(view: &View) -> String {
    let (width, height) = (156.0, 112.0);
    let marks = ua_ticks(view);
    let (Some(&low), Some(&high)) = (marks.first(), marks.last()) else {
        return String::new();
    };
    let shown = decimals(&marks, 100.0, 0);
    let (x, last) = epochs(view, 26.0, width - 6.0);
    let y = Scale::new(low, high, height - 18.0, 20.0);
    let mut panels = String::new();
    for (_, variants) in by_method(view) {
        for variant in variants {
            let (class, marker) = palette::method(variant.method);
            let name = view.label(variant);
            let mut svg = Svg::new(width, height, &format!("Validation UA of {name}"));
            svg.text(26.0, 12.0, "label bold", &shorten(&name, 16));
            for &mark in &marks {
                svg.line((26.0, y.at(mark)), (width - 6.0, y.at(mark)), "grid");
                svg.text(
                    22.0,
                    y.at(mark) + 3.5,
                    "tick end",
                    &format!("{:.shown$}", 100.0 * mark),
                );
            }
            epoch_ticks(&mut svg, x, last, height - 6.0);
            for entry in histories(view, variant) {
                let data = line(&entry.history, x, y, |epoch| Some(epoch.validation.shown()));
                svg.path(&data, &format!("curve {class}"));
            }
            for entry in histories(view, variant) {
                dot(&mut svg, entry, x, y, (class, marker), 2.2);
            }
            panels += &svg.finish();
        }
    }
    panels
}

fn epoch_ticks(svg: &mut Svg, x: Scale, last: usize, y: f64) {
    svg.text(x.at(1.0), y, "tick", "1");
    if last > 1 {
        svg.text(x.at(last as f64), y, "tick end", &last.to_string());
        svg.text(
            (x.at(1.0) + x.at(last as f64)) / 2.0,
            y,
            "tick mid",
            "epoch",
        );
    }
}

fn dot(
    svg: &mut Svg,
    entry: &ReportEntry,
    x: Scale,
    y: Scale,
    (class, marker): (&str, Marker),
    radius: f64,
) {
    if let Some(best) = best(entry).filter(|best| best.validation.shown().is_finite()) {
        let place = (x.at((best.epoch + 1) as f64), y.at(best.validation.shown()));
        svg.marker(marker, place.0, place.1, radius, &format!("mean {class}"));
    }
}

/// Names of the attribute heads, in the order of their first appearance.
fn heads<'a>(epochs: impl Iterator<Item = &'a EpochPoint>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for epoch in epochs {
        for head in &epoch.train.heads {
            if !names.contains(&head.attribute.as_str()) {
                names.push(&head.attribute);
            }
        }
    }
    names
}

fn loss(epoch: &EpochPoint, name: &str) -> Option<f64> {
    let head = epoch.train.heads.iter().find(|head| head.attribute == name);
    head.map(|head| head.loss)
}

/// UA, losses and alpha of one variant; none without a history.
pub(super) fn detail(view: &View, variant: &StudyVariant) -> Option<String> {
    histories(view, variant).next()?;
    let (left, right) = (34.0, DETAIL_WIDTH - 10.0);
    let (x, last) = epochs(view, left, right);
    let name = view.label(variant);
    let own = || histories(view, variant).flat_map(|entry| &entry.history);
    let heads = heads(own());
    let alphas = own().any(|epoch| epoch.alpha != 0.0);
    let height = if alphas { 306.0 } else { 248.0 };
    let mut svg = Svg::new(DETAIL_WIDTH, height, &format!("Training of {name}"));
    svg.text(0.0, 13.0, "title", &shorten(&name, 38));

    let marks = ua_ticks(view);
    let shown = decimals(&marks, 100.0, 0);
    let y = axis(&mut svg, &marks, (left, right), (110.0, 34.0), 100.0, shown);
    svg.text(left, 27.0, "tick", "validation UA in %");
    // Not in the colour of the method: below, colours mean attributes.
    let (_, marker) = palette::method(variant.method);
    for entry in histories(view, variant) {
        let data = line(&entry.history, x, y, |epoch| Some(epoch.validation.shown()));
        svg.path(&data, "curve s7");
        dot(&mut svg, entry, x, y, ("m0", marker), 2.6);
    }

    let losses = own().flat_map(|epoch| {
        let heads = epoch.train.heads.iter().map(|head| head.loss);
        heads.chain([epoch.train.total, epoch.train.emotion])
    });
    let marks = ticks(losses.chain([0.0]), 4);
    let shown = decimals(&marks, 1.0, 0);
    let y = axis(&mut svg, &marks, (left, right), (228.0, 140.0), 1.0, shown);
    svg.text(left, 133.0, "tick", "training losses");
    for entry in histories(view, variant) {
        if !heads.is_empty() {
            let total = line(&entry.history, x, y, |epoch| Some(epoch.train.total));
            svg.path(&total, "curve s5");
        }
        for head in &heads {
            let data = line(&entry.history, x, y, |epoch| loss(epoch, head));
            svg.path(&data, &format!("curve {}", palette::series(head)));
        }
        let emotion = line(&entry.history, x, y, |epoch| Some(epoch.train.emotion));
        svg.path(&emotion, "curve s0");
    }

    if alphas {
        let marks = ticks(own().map(|epoch| epoch.alpha).chain([0.0]), 2);
        let shown = decimals(&marks, 1.0, 1);
        let y = axis(&mut svg, &marks, (left, right), (286.0, 256.0), 1.0, shown);
        svg.text(left, 250.0, "tick", "alpha");
        for entry in histories(view, variant) {
            let data = line(&entry.history, x, y, |epoch| Some(epoch.alpha));
            svg.path(&data, "curve s7");
        }
    }
    epoch_ticks(&mut svg, x, last, height - 6.0);
    Some(svg.finish())
}

/// Draws an axis with its grid and gives it back.
fn axis(
    svg: &mut Svg,
    marks: &[f64],
    (left, right): (f64, f64),
    (bottom, top): (f64, f64),
    factor: f64,
    decimals: usize,
) -> Scale {
    let low = marks.first().copied().unwrap_or(0.0);
    let high = marks.last().copied().unwrap_or(1.0);
    let y = Scale::new(low, high, bottom, top);
    for &mark in marks {
        svg.line((left, y.at(mark)), (right, y.at(mark)), "grid");
        let label = format!("{:.decimals$}", factor * mark);
        svg.text(left - 4.0, y.at(mark) + 3.5, "tick end", &label);
    }
    y
}

/// Colours of the losses.
pub(super) fn legend(view: &View) -> String {
    let mut names = vec!["emotion", "total"];
    names.extend(heads(all(view)));
    if names.len() == 2 {
        names.truncate(1);
    }
    let items: String = names
        .into_iter()
        .map(|name| {
            format!(
                "<li><svg width=\"18\" height=\"10\" aria-hidden=\"true\"><path class=\"curve {}\" d=\"M0 \
                 5h18\"/></svg>\
                 <span data-text>{}</span></li>",
                palette::series(name),
                escape::text(name)
            )
        })
        .collect();
    format!("<ul class=\"legend\">{items}</ul>")
}
