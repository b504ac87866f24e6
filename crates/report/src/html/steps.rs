//! Every step by stage kind: what all have in common, then what each has of its own.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::{StepFacts, number};

use super::table::{Cell, Column, Table};
use super::view::{Section, View};
use super::{escape, figure, of_run, quantity};

/// Parameters that differ get a column each up to this number.
const COLUMNS: usize = 6;

/// The steps; none where they are not known.
pub(super) fn section(view: &View) -> Option<Section> {
    let steps = &view.report.facts.as_ref()?.steps;
    if steps.is_empty() {
        return None;
    }
    let mut kinds: Vec<(&str, Vec<&StepFacts>)> = Vec::new();
    for step in steps {
        match kinds.iter_mut().find(|(kind, _)| *kind == step.kind) {
            Some((_, members)) => members.push(step),
            None => kinds.push((&step.kind, vec![step])),
        }
    }
    let mut body = format!(
        "<p class=\"key\">{}; total wall time {}, some of it possibly in earlier runs. Key: digest of everything a \
         step depends on. Output: digest of its results. Digests are shortened on screen but copied in full.</p>\n",
        number::counted(steps.len() as u64, "step"),
        of_run::span(&quantity::duration(total(steps.iter())))
    );
    for (kind, members) in kinds {
        let summary = format!(
            "{} <span class=\"faint\">{}, {}</span>",
            escape::text(kind),
            number::counted(members.len() as u64, "step"),
            of_run::span(&quantity::duration(total(members.iter().copied())))
        );
        body += &figure::details(&summary, &group(kind, &members));
    }
    Some(Section {
        id: "steps",
        title: "Steps".into(),
        body,
    })
}

fn total<'a>(steps: impl Iterator<Item = &'a StepFacts>) -> Option<f64> {
    let times: Vec<f64> = steps
        .filter_map(|step| step.seconds)
        .filter(|seconds| seconds.is_finite())
        .collect();
    (!times.is_empty()).then(|| times.iter().sum())
}

/// A parameter of a step as compact JSON; text without its quotes.
fn parameter(step: &StepFacts, name: &str) -> Option<String> {
    Some(format_value(step.parameters.as_object()?.get(name)?))
}

fn format_value(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => format_json(other),
    }
}

/// JSON on one line with blanks where it may break.
fn format_json(value: &Json) -> String {
    match value {
        Json::Array(values) => {
            let values: Vec<String> = values.iter().map(format_json).collect();
            format!("[{}]", values.join(", "))
        }
        Json::Object(map) => {
            let pairs: Vec<String> = map
                .iter()
                .map(|(name, value)| {
                    format!("{}: {}", Json::String(name.clone()), format_json(value))
                })
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        simple => simple.to_string(),
    }
}

fn group(kind: &str, steps: &[&StepFacts]) -> String {
    let mut names: Vec<&String> = Vec::new();
    for step in steps {
        for name in step
            .parameters
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys())
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let values = |name: &str| -> BTreeSet<Option<String>> {
        steps.iter().map(|step| parameter(step, name)).collect()
    };
    let (common, own): (Vec<&String>, Vec<&String>) =
        names.into_iter().partition(|name| values(name).len() == 1);
    let mut html = String::new();
    if !common.is_empty() {
        let what = if steps.len() == 1 {
            "Parameters"
        } else {
            "Common parameters"
        };
        let mut table = Table::new(
            format!("{what}: {kind}"),
            vec![Column::text("parameter"), Column::text("value")],
        );
        for name in common {
            let value = steps.first().and_then(|step| parameter(step, name));
            table.rows.push(vec![
                Cell::text(name),
                Cell::markup(format!(
                    "<code>{}</code>",
                    escape::text(&value.unwrap_or_default())
                ))
                .class("wide"),
            ]);
        }
        html += &table.render();
    }
    html + &table(kind, steps, &own).render()
}

fn table(kind: &str, steps: &[&StepFacts], own: &[&String]) -> Table {
    let mut columns = vec![Column::text("step"), Column::number("wall time")];
    let apart = own.len() <= COLUMNS;
    if apart {
        columns.extend(own.iter().map(|name| Column::text(name)));
    } else {
        columns.push(Column::text("parameters"));
    }
    for heading in ["key", "output", "version", "CPU"] {
        columns.push(Column::text(heading));
    }
    let on_devices = steps.iter().any(|step| step.device.is_some());
    if on_devices {
        columns.push(Column::text("device"));
    }
    let mut table = Table::new(format!("Steps: {kind}"), columns);
    for step in steps {
        let mut row = vec![
            Cell::text(&step.step),
            of_run::cell(quantity::duration(step.seconds)).sorted_by(step.seconds),
        ];
        if apart {
            for name in own {
                let value = parameter(step, name);
                let number = value.as_deref().and_then(|value| value.parse().ok());
                row.push(code(value.as_deref()).class("wide").sorted_by(number));
            }
        } else {
            let all: Vec<String> = own
                .iter()
                .filter_map(|name| Some(format!("{name} = {}", parameter(step, name)?)))
                .collect();
            row.push(code(Some(&all.join("; "))).class("wide"));
        }
        for digest in [&step.key, &step.output] {
            row.push(match digest {
                Some(digest) => Cell::markup(format!(
                    "<code class=\"digest\">{}</code>",
                    escape::text(digest)
                )),
                None => Cell::text(quantity::NONE),
            });
        }
        for text in [&step.pipe_version, &step.cpu] {
            row.push(of_run::cell(text.as_deref().unwrap_or(quantity::NONE)));
        }
        if on_devices {
            row.push(of_run::cell(step.device.as_deref().unwrap_or("cpu")));
        }
        table.rows.push(row);
    }
    table
}

fn code(text: Option<&str>) -> Cell {
    match text {
        Some(text) => Cell::markup(format!("<code>{}</code>", escape::text(text))),
        None => Cell::text(quantity::NONE),
    }
}
