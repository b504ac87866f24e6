//! Probes of the shared layers: one row per model or variant, one column per attribute.

use crate::document::{Block, Cell, Column, Table, Tone};
use crate::{Probe, ProbeEntry, Report, Study, number};

/// The heading, the tables and their key; nothing where nothing was probed.
pub(crate) fn blocks(report: &Report, study: &Study) -> Vec<Block> {
    if report.probes.is_empty() {
        return Vec::new();
    }
    let attributes = attributes(report);
    let groups = groups(report);
    let several = groups.iter().any(|(_, members)| members.len() > 1);
    let captioned = |text: &str| match study.trained_on() {
        Some(trained_on) => format!("{text}; {trained_on}"),
        None => text.to_string(),
    };
    let mut blocks = vec![
        Block::Heading("Probes of the shared layers".into()),
        Block::Table(Table {
            caption: captioned("Linear probes, UA in %"),
            columns: columns(&attributes, several),
            rows: rows(&groups, &attributes, several, &ua_cell)
                .into_iter()
                .chain([chance(report, &attributes, several)])
                .collect(),
            footer_rows: 1,
        }),
        Block::Table(Table {
            caption: captioned("Silhouette"),
            columns: columns(&attributes, several),
            rows: rows(&groups, &attributes, several, &silhouette_cell),
            footer_rows: 0,
        }),
        Block::Paragraph(key(several)),
    ];
    let remarks = remarks(report);
    if !remarks.is_empty() {
        blocks.push(Block::Notes(remarks));
    }
    blocks
}

/// All probed attributes, in the order in which they first occur.
fn attributes(report: &Report) -> Vec<&str> {
    let mut attributes: Vec<&str> = Vec::new();
    for probe in report.probes.iter().flat_map(|entry| &entry.probes) {
        if !attributes.contains(&probe.attribute.as_str()) {
            attributes.push(&probe.attribute);
        }
    }
    attributes
}

/// Models that differ in their seed alone, under the name of their variant; where none has a second run, every model
/// under its own name.
fn groups(report: &Report) -> Vec<(String, Vec<&ProbeEntry>)> {
    let mut groups: Vec<(Option<String>, Vec<&ProbeEntry>)> = Vec::new();
    for entry in &report.probes {
        let variant = entry.model.variant();
        let corpora = &entry.model.training_corpora;
        let same = groups.iter_mut().find(|(known, members)| {
            let alike = |member: &&ProbeEntry| {
                member.model.training_corpora == *corpora && member.model.seed != entry.model.seed
            };
            known.is_some() && *known == variant && members.iter().all(alike)
        });
        match same {
            Some((_, members)) => members.push(entry),
            None => groups.push((variant, vec![entry])),
        }
    }
    groups
        .into_iter()
        .map(|(variant, members)| match (variant, &members[..]) {
            (Some(variant), [_, _, ..]) => (variant, members),
            (_, [first, ..]) => (first.model.name.clone(), members),
            (_, []) => (String::new(), members),
        })
        .collect()
}

fn columns(attributes: &[&str], several: bool) -> Vec<Column> {
    let mut columns = vec![Column::text(if several { "variant" } else { "model" }, 0)];
    if several {
        columns.push(Column::new("runs", u8::MAX));
    }
    columns.extend(
        attributes.iter().enumerate().map(|(place, attribute)| {
            Column::new(*attribute, u8::try_from(place).unwrap_or(u8::MAX))
        }),
    );
    columns
}

fn rows(
    groups: &[(String, Vec<&ProbeEntry>)],
    attributes: &[&str],
    several: bool,
    cell: &dyn Fn(&[&Probe]) -> Cell,
) -> Vec<Vec<Cell>> {
    groups
        .iter()
        .map(|(name, members)| {
            let mut row = vec![Cell::from(name.clone())];
            if several {
                row.push(members.len().to_string().into());
            }
            row.extend(attributes.iter().map(|attribute| {
                let probes: Vec<&Probe> = members
                    .iter()
                    .flat_map(|entry| &entry.probes)
                    .filter(|probe| probe.attribute == *attribute)
                    .collect();
                cell(&probes)
            }));
            row
        })
        .collect()
}

/// Mean over runs with their standard deviation, of two runs both; a single run with its interval.
fn ua_cell(probes: &[&Probe]) -> Cell {
    let uas: Vec<f64> = probes.iter().filter_map(|probe| probe.ua).collect();
    match (&uas[..], probes) {
        ([], _) => Cell::toned(number::NONE, Tone::Faint),
        ([one], _) => {
            let interval = probes.iter().find_map(|probe| probe.interval);
            let interval = interval.map_or_else(String::new, |interval| {
                format!(" ({})", number::interval(Some(interval)))
            });
            format!("{}{interval}", number::percent(Some(*one))).into()
        }
        ([one, other], _) => {
            let both = [one, other].map(|ua| number::percent(Some(*ua)));
            both.join(" ").into()
        }
        _ => {
            let (mean, deviation) = spread(&uas);
            number::with_deviation(mean, deviation).into()
        }
    }
}

fn silhouette_cell(probes: &[&Probe]) -> Cell {
    let values: Vec<f64> = probes.iter().filter_map(|probe| probe.silhouette).collect();
    match &values[..] {
        [] => Cell::toned(number::NONE, Tone::Faint),
        [one] => number::coefficient_gain(*one).into(),
        [one, other] => {
            let both = [one, other].map(|value| number::coefficient_gain(*value));
            both.join(" ").into()
        }
        _ => {
            let (mean, deviation) = spread(&values);
            format!("{} ±{deviation:.3}", number::coefficient_gain(mean)).into()
        }
    }
}

/// Mean and sample standard deviation of several values.
fn spread(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

/// Chance of each attribute; a range where models were probed on different values.
fn chance(report: &Report, attributes: &[&str], several: bool) -> Vec<Cell> {
    let mut row = vec![Cell::toned("chance", Tone::Faint)];
    if several {
        row.push(Cell::default());
    }
    row.extend(attributes.iter().map(|attribute| {
        let chances = report
            .probes
            .iter()
            .flat_map(|entry| &entry.probes)
            .filter(|probe| probe.attribute == *attribute)
            .filter_map(|probe| probe.chance_ua);
        let (low, high) = chances
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), chance| {
                (low.min(chance), high.max(chance))
            });
        let text = match low.total_cmp(&high) {
            std::cmp::Ordering::Greater => number::NONE.to_string(),
            std::cmp::Ordering::Equal => number::percent(Some(low)),
            std::cmp::Ordering::Less => {
                format!(
                    "{}–{}",
                    number::percent(Some(low)),
                    number::percent(Some(high))
                )
            }
        };
        Cell::toned(text, Tone::Faint)
    }));
    row
}

fn key(several: bool) -> String {
    let mut key = String::from(
        "A probe is a linear classifier fitted to the output of the shared layers and tested on held-out speakers \
         (for the attribute speaker, on held-out utterances). At chance level, a linear classifier finds nothing \
         about the attribute in them; another one may. A silhouette, over z-scored dimensions, near 0 means that \
         the groups of an attribute overlap, near 1 that they are well separated.",
    );
    key += match several {
        true => {
            " Values are means over runs ± their standard deviation; of two runs, both are shown; for a single run, the \
             95 % interval from a bootstrap over speakers is in brackets, if there are five."
        }
        false => " In brackets: 95 % interval from a bootstrap over speakers, if there are five.",
    };
    key
}

/// What was left out and why, each remark once.
fn remarks(report: &Report) -> Vec<String> {
    let mut remarks: Vec<String> = Vec::new();
    for probe in report.probes.iter().flat_map(|entry| &entry.probes) {
        let Some(remark) = &probe.remark else {
            continue;
        };
        let remark = format!("{}: {remark}.", probe.attribute);
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Interval;
    use crate::{Attribute, Method, ModelIdentity};

    fn entry(method: Method, seed: u64, corpus: f64) -> ProbeEntry {
        let probe = |attribute: &str, ua: Option<f64>, remark: Option<&str>| Probe {
            attribute: attribute.into(),
            labels: vec!["a".into(), "b".into(), "c".into()],
            utterances: if ua.is_some() { 120 } else { 0 },
            speaker_disjoint: true,
            ua,
            interval: ua.map(|ua| Interval {
                low: ua - 0.1,
                high: ua + 0.05,
            }),
            chance_ua: ua.map(|_| 1.0 / 3.0),
            silhouette: Some(corpus / 10.0 - 0.05),
            remark: remark.map(String::from),
        };
        ProbeEntry {
            model: ModelIdentity {
                name: format!("{}, seed {seed}", method.name()),
                method: Some(method),
                attributes: match method {
                    Method::Baseline => Default::default(),
                    _ => [Attribute::Corpus].into(),
                },
                seed: Some(seed),
                training_corpora: Default::default(),
            },
            probes: vec![
                probe("corpus", Some(corpus), None),
                probe("gender", None, Some("no utterance has a known gender")),
            ],
        }
    }

    #[test]
    fn single_runs_have_intervals_and_variants_have_means() {
        let mut report = Report {
            title: "Probes".into(),
            probes: vec![entry(Method::Baseline, 1, 0.61), entry(Method::Mtl, 1, 0.9)],
            ..Report::default()
        };
        insta::assert_snapshot!("probes_single", report.to_terminal(90, false));
        report.probes.push(entry(Method::Mtl, 2, 0.8));
        insta::assert_snapshot!("probes_seeds", report.to_markdown());
        assert!(!Report::default().to_markdown().contains("shared layers"));
    }
}
