//! Probes of the shared layers: accuracies and silhouettes, every variant beside the baseline.

use crate::{Method, Probe, ProbeEntry, number};

use super::forest::{label_width, shorten};
use super::scale::{Scale, decimals, ticks};
use super::svg::Svg;
use super::table::{Cell, Column, Table};
use super::view::{Section, View, join};
use super::{figure, palette, quantity};

const WIDTH: f64 = 340.0;
/// Longest label in characters.
const LONGEST: usize = 14;
const SILHOUETTES: f64 = 252.0;
const TOP: f64 = 60.0;
const ROW: f64 = 15.0;

const CAPTION: &str = "A linear classifier predicts each attribute from the embedding of the shared layers. Left: UA \
    of the probe in %, one marker per model with its 95 % interval where available; short tick: chance, a probe that \
    ignores the embedding. Right: mean silhouette of the utterances grouped by the attribute, over z-scored dimensions. Solid \
    vertical lines: mean of the baselines. To the left of them, a linear classifier finds less about the attribute than in the \
    layers of the baseline; another classifier may find more.";

/// The section; none where nothing was probed.
pub(super) fn section(view: &View) -> Option<Section> {
    let attributes = attributes(view);
    if attributes.is_empty() {
        return None;
    }
    let panels: String = attributes
        .iter()
        .filter_map(|attribute| panel(view, attribute))
        .collect();
    let mut body = String::new();
    if !panels.is_empty() {
        body += &view.figure("probes", &panels, CAPTION);
    }
    let table = table(view, &attributes);
    if table.rows.len() > 40 {
        let rows = number::counted(table.rows.len() as u64, "row");
        body += &figure::details(
            &format!("All probes <span class=\"faint\">{rows}</span>"),
            &table.render(),
        );
    } else {
        body += &table.render();
    }
    Some(Section {
        id: "probes",
        title: "Probes of the shared layers".into(),
        body,
    })
}

/// Attributes in the order of their first appearance.
fn attributes<'a>(view: &View<'a>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for probe in view.report.probes.iter().flat_map(|entry| &entry.probes) {
        if !names.contains(&probe.attribute.as_str()) {
            names.push(&probe.attribute);
        }
    }
    names
}

fn probe<'a>(entry: &'a ProbeEntry, attribute: &str) -> Option<&'a Probe> {
    entry
        .probes
        .iter()
        .find(|probe| probe.attribute == attribute)
}

/// Models of the same variant together, in the order of their first appearance.
fn variants<'a>(view: &View<'a>) -> Vec<(String, Vec<&'a ProbeEntry>)> {
    let mut groups: Vec<(String, Vec<&ProbeEntry>)> = Vec::new();
    for entry in &view.report.probes {
        let name = view.model_label(&entry.model);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push(entry),
            None => groups.push((name, vec![entry])),
        }
    }
    groups
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values
        .filter(|value| value.is_finite())
        .fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Mean of the baselines trained on the same corpora as `like`, or of all where `like` is none.
fn baseline(
    view: &View,
    like: Option<&ProbeEntry>,
    attribute: &str,
    value: fn(&Probe) -> Option<f64>,
) -> Option<f64> {
    let baselines = view.report.probes.iter().filter(|entry| {
        entry.model.method == Some(Method::Baseline)
            && like.is_none_or(|like| like.model.training_corpora == entry.model.training_corpora)
    });
    mean(baselines.filter_map(|entry| value(probe(entry, attribute)?)))
}

fn panel(view: &View, attribute: &str) -> Option<String> {
    let rows: Vec<(String, Vec<(&ProbeEntry, &Probe)>)> = variants(view)
        .into_iter()
        .map(|(name, members)| {
            let found = members
                .into_iter()
                .filter_map(|entry| Some((entry, probe(entry, attribute)?)))
                .filter(|(_, probe)| probe.ua.is_some() || probe.silhouette.is_some());
            (name, found.collect::<Vec<_>>())
        })
        .filter(|(_, members)| !members.is_empty())
        .collect();
    let probes = || {
        rows.iter()
            .flat_map(|(_, members)| members.iter().map(|(_, probe)| *probe))
    };
    probes().next()?;
    let labels = label_width(rows.iter().map(|(name, _)| shorten(name, LONGEST)));
    let bottom = TOP + ROW * rows.len() as f64 + 4.0;
    let mut svg = Svg::new(WIDTH, bottom + 18.0, &format!("Probes of {attribute}"));
    svg.text(0.0, 14.0, "title", &shorten(attribute, 38));
    let uas = probes().flat_map(|probe| {
        let interval = probe.interval.map(|i| [i.low, i.high]);
        let values = [probe.ua, probe.chance_ua];
        interval
            .into_iter()
            .flatten()
            .chain(values.into_iter().flatten())
    });
    let ua = axis(
        &mut svg,
        uas,
        (labels + 8.0, SILHOUETTES - 26.0),
        bottom,
        100.0,
    );
    svg.text(labels + 8.0, TOP - 24.0, "tick", "probe UA in %");
    let silhouettes = probes().filter_map(|probe| probe.silhouette).chain([0.0]);
    let silhouette = axis(
        &mut svg,
        silhouettes,
        (SILHOUETTES, WIDTH - 12.0),
        bottom,
        1.0,
    );
    svg.text(SILHOUETTES, TOP - 24.0, "tick", "silhouette");
    for (axis, value) in [
        (ua, (|probe| probe.ua) as fn(&Probe) -> Option<f64>),
        (silhouette, |probe| probe.silhouette),
    ] {
        if let Some(value) = baseline(view, None, attribute, value) {
            svg.line(
                (axis.at(value), TOP - 6.0),
                (axis.at(value), bottom),
                "baseline",
            );
        }
    }
    for (place, (name, members)) in rows.iter().enumerate() {
        let y = TOP + ROW * (place as f64 + 0.5);
        svg.text(labels, y + 3.5, "label end", &shorten(name, LONGEST));
        for (entry, probe) in members {
            let (class, marker) = palette::method(entry.model.method);
            if let Some(interval) = probe.interval {
                let (from, to) = (ua.at(interval.low), ua.at(interval.high));
                svg.line((from, y), (to, y), &format!("whisker {class}"));
            }
            if let Some(chance) = probe.chance_ua {
                svg.line(
                    (ua.at(chance), y - 4.0),
                    (ua.at(chance), y + 4.0),
                    "chance-tick",
                );
            }
            for (axis, value) in [(ua, probe.ua), (silhouette, probe.silhouette)] {
                if let Some(value) = value.filter(|value| value.is_finite()) {
                    svg.marker(marker, axis.at(value), y, 3.2, &format!("mean {class}"));
                }
            }
        }
    }
    Some(svg.finish())
}

fn axis(
    svg: &mut Svg,
    values: impl Iterator<Item = f64>,
    (from, to): (f64, f64),
    bottom: f64,
    factor: f64,
) -> Scale {
    let marks = ticks(values, if to - from > 100.0 { 4 } else { 2 });
    let (low, high) = (
        marks.first().copied().unwrap_or(0.0),
        marks.last().copied().unwrap_or(1.0),
    );
    let axis = Scale::new(low, high, from, to);
    let least = usize::from(factor == 1.0);
    let decimals = decimals(&marks, factor, least);
    let mut labelled = f64::NEG_INFINITY;
    for mark in marks {
        svg.line((axis.at(mark), TOP - 6.0), (axis.at(mark), bottom), "grid");
        let label = quantity::decimal(Some(factor * mark), decimals);
        // A label every so often, so that they do not touch.
        if axis.at(mark) - labelled > 26.0 {
            svg.text(axis.at(mark), TOP - 11.0, "tick mid", &label);
            labelled = axis.at(mark);
        }
    }
    axis
}

fn table(view: &View, attributes: &[&str]) -> Table {
    let mut table = Table::new(
        view.caption("Probes and silhouettes of every probed model"),
        vec![
            Column::text("model"),
            Column::text("attribute"),
            Column::number("values"),
            Column::number("utterances"),
            Column::text("held-out speakers"),
            Column::number("UA").within("probe"),
            Column::number("95 %").within("probe"),
            Column::number("vs. baseline").within("probe"),
            Column::number("chance").within("probe"),
            Column::number("mean").within("silhouette"),
            Column::number("vs. baseline").within("silhouette"),
            Column::text("remark"),
        ],
    );
    for attribute in attributes {
        for entry in &view.report.probes {
            let Some(probe) = probe(entry, attribute) else {
                continue;
            };
            table.rows.push(row(view, entry, probe));
        }
    }
    table
}

fn row(view: &View, entry: &ProbeEntry, probe: &Probe) -> Vec<Cell> {
    let less = |value: fn(&Probe) -> Option<f64>| {
        if entry.model.method == Some(Method::Baseline) {
            return None;
        }
        Some(value(probe)? - baseline(view, Some(entry), &probe.attribute, value)?)
    };
    let ua = less(|probe| probe.ua);
    let silhouette = less(|probe| probe.silhouette);
    let values = format!("{} <span class=\"faint\">{}</span>", probe.labels.len(), {
        let names = super::escape::text(&join(probe.labels.iter().take(8)));
        if probe.labels.len() > 8 {
            format!("{names}, …")
        } else {
            names
        }
    });
    vec![
        Cell::text(&entry.model.name),
        Cell::text(&probe.attribute),
        Cell::markup(values)
            .class("values")
            .sorted_by(Some(probe.labels.len() as f64)),
        Cell::text(number::count(probe.utterances)),
        Cell::text(if probe.speaker_disjoint { "yes" } else { "no" }),
        Cell::text(quantity::percent(probe.ua)).class("ua"),
        Cell::text(quantity::interval(probe.interval)),
        Cell::text(quantity::points(ua)),
        Cell::text(quantity::percent(probe.chance_ua)),
        Cell::text(quantity::decimal(probe.silhouette, 3)),
        Cell::text(quantity::decimal(silhouette, 3)),
        Cell::text(probe.remark.as_deref().unwrap_or("")),
    ]
}
