//! Whether the columns that heads, tasks and probes name are kept by the ingest stages before them.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Diagnostics, suggest};
use pipe_engine::plan::{Plan, Step};
use pipe_nn::model::TaskSpec;
use pipe_speech::corpus::Utterance;
use serde_json::Value as Json;

use crate::stage::{INGEST, normaliser_attribute};

/// Checks every step of a plan.
///
/// # Errors
/// Each name that no ingest stage before its step keeps, at its place.
pub fn check(plan: &Plan) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    // A stage of a study is written once and is many steps.
    let mut seen = BTreeSet::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let names = columns_of(step);
        if names.is_empty() {
            continue;
        }
        let kept = kept_before(plan, index);
        for (path, name) in names {
            let place = step.declaration.place_of(&path);
            if kept.contains(name)
                || !seen.insert((
                    place.source.name().to_owned(),
                    place.range.start,
                    name.to_owned(),
                ))
            {
                continue;
            }
            let known = Utterance::BUILT_IN.into_iter().chain(kept.iter().copied());
            let nearest = suggest(name, known);
            diagnostics.push(
                Diagnostic::new(
                    "manifest::column",
                    format!("no ingest stage before `{}` keeps the column `{name}`", step.declaration.stage),
                )
                .at(place, "not an attribute or a kept column")
                .help(format!("add it to `columns` of the ingest stage if the corpus has such a column; {nearest}")),
            );
        }
    }
    diagnostics.or_ok(())
}

/// The columns that a step names besides what every utterance has, with the path of their parameter.
fn columns_of(step: &Step) -> Vec<(String, &str)> {
    let parameters = &step.declaration.parameters;
    let list = |name: &str| parameters.get(name).and_then(Json::as_array);
    let mut found = Vec::new();
    match step.declaration.kind.name {
        "train" => {
            let over = normaliser_attribute(parameters).filter(|name| !is_built_in(name));
            found.extend(over.map(|column| ("normalise".to_owned(), column)));
            for (index, head) in list("heads").into_iter().flatten().enumerate() {
                let name = |key: &str| head.get(key).and_then(Json::as_str);
                let task = name("task").filter(|name| *name != TaskSpec::CLASSES);
                let attribute = name("attribute").filter(|name| !is_built_in(name));
                let column = task.or(attribute);
                found.extend(column.map(|column| (format!("heads.{index}"), column)));
            }
        }
        "probe" => {
            for (index, name) in list("attributes").into_iter().flatten().enumerate() {
                let column = name
                    .as_str()
                    .filter(|name| *name != "emotion" && !is_built_in(name));
                found.extend(column.map(|column| (format!("attributes.{index}"), column)));
            }
        }
        _ => {}
    }
    found
}

fn is_built_in(name: &str) -> bool {
    Utterance::BUILT_IN.contains(&name)
}

/// The columns that ingest stages before a step keep.
fn kept_before(plan: &Plan, step: usize) -> BTreeSet<&str> {
    let mut kept = BTreeSet::new();
    let mut open: Vec<usize> = plan.steps[step].input_steps().collect();
    let mut seen = BTreeSet::new();
    while let Some(index) = open.pop() {
        if !seen.insert(index) {
            continue;
        }
        let step = &plan.steps[index];
        let columns = step.declaration.parameters.get("columns");
        let columns = columns.and_then(Json::as_array).into_iter().flatten();
        if step.declaration.kind.name == INGEST {
            kept.extend(columns.filter_map(Json::as_str));
        }
        open.extend(step.input_steps());
    }
    kept
}
