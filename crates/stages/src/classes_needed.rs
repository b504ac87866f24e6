//! Whether trainings that predict classes have an ingest stage before them that gives some.

use std::collections::BTreeSet;

use pipe_engine::manifest::{Diagnostic, Diagnostics};
use pipe_engine::plan::{Plan, Step};
use pipe_nn::model::TaskSpec;
use pipe_speech::corpus::ClassChoice;
use serde_json::Value as Json;

use crate::stage::{INGEST, TRAIN};

/// Checks every training of a plan.
///
/// # Errors
/// Each training of classes whose ingest stages all have `classes = "none"`: at its head, or at its name where it has the
/// head of emotions for want of another task.
pub fn check(plan: &Plan) -> Result<(), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    // A stage of a study is written once and is many steps.
    let mut seen = BTreeSet::new();
    let is_training = |(_, step): &(usize, &Step)| step.declaration.kind.name == TRAIN;
    for (index, step) in plan.steps.iter().enumerate().filter(is_training) {
        let Some(path) = head_of_classes(step) else {
            continue;
        };
        let Some(ingest) = without_classes(plan, index) else {
            continue;
        };
        let declaration = &step.declaration;
        let place = match &path {
            Some(path) => declaration.place_of(path),
            None => &declaration.place,
        };
        if !seen.insert((place.source.name().to_owned(), place.range.start)) {
            continue;
        }
        let (label, or) = match path {
            Some(_) => ("this head predicts classes", "remove this head"),
            None => (
                "without another task, this stage predicts classes",
                "name what is to be predicted, such as heads = [{ task = \"arousal\" }]",
            ),
        };
        diagnostics.push(
            Diagnostic::new(
                "manifest::no_classes",
                format!(
                    "`{}` predicts classes, and `{ingest}` has `classes = \"none\"`",
                    declaration.stage
                ),
            )
            .at(place, label)
            .help(format!("set `classes` of `{ingest}` to a class map, \"native\" or a table of classes and labels; or {or}")),
        );
    }
    diagnostics.or_ok(())
}

/// Whether a training predicts classes: the path of the head that does, or none where it does so by default.
fn head_of_classes(step: &Step) -> Option<Option<String>> {
    let heads = step.declaration.parameters.get("heads");
    let heads = heads.and_then(Json::as_array).into_iter().flatten();
    let tasks: Vec<(usize, &str)> = heads
        .enumerate()
        .filter_map(|(index, head)| Some((index, head.get("task")?.as_str()?)))
        .collect();
    if tasks.is_empty() {
        return Some(None);
    }
    let of_classes = tasks.iter().find(|(_, task)| *task == TaskSpec::CLASSES);
    of_classes.map(|(index, _)| Some(format!("heads.{index}")))
}

/// The nearest of the ingest stages before a step where none of them has classes.
fn without_classes(plan: &Plan, step: usize) -> Option<&str> {
    let mut found = None;
    for index in plan.before(step).into_iter().rev() {
        let declaration = &plan.steps[index].declaration;
        if declaration.kind.name != INGEST {
            continue;
        }
        let classes = declaration.parameters.get("classes");
        if classes.and_then(Json::as_str) != Some(ClassChoice::NONE) {
            return None;
        }
        found = found.or(Some(declaration.stage.as_str()));
    }
    found
}
