//! `heads` of a manifest: tasks and attributes, taken apart and checked where they are written.

use pipe_engine::manifest::Diagnostic;
use pipe_nn::model::spec::HeadSpec;
use pipe_nn::model::{LossName, TaskSpec};
use pipe_nn::train::TrainOptions;
use serde_json::{Map, Value as Json, json};

/// Takes `heads` of a manifest apart into tasks and attribute heads, each with its defaults.
pub fn split_heads(own: &mut Map<String, Json>) {
    let Some(Json::Array(list)) = own.remove("heads") else {
        return;
    };
    let (mut tasks, mut heads) = (Vec::new(), Vec::new());
    for head in list {
        match head.get("task").is_some() {
            true => tasks.push(with_default_loss(head)),
            false => heads.push(head),
        }
    }
    own.insert("heads".into(), Json::Array(heads));
    if !tasks.is_empty() {
        own.insert("tasks".into(), Json::Array(tasks));
    }
}

/// Heads that are neither a task nor an attribute, or both.
pub fn unclear_heads(parameters: &Map<String, Json>) -> Vec<Diagnostic> {
    let heads = parameters.get("heads").and_then(Json::as_array);
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for (index, head) in heads.into_iter().flatten().enumerate() {
        let given = |key: &&&str| head.get(**key).is_some();
        const OF_TASKS: [&str; 3] = ["loss", "gamma", "label_smoothing"];
        const OF_ATTRIBUTES: [&str; 2] = ["target", "entropy_conditioning"];
        let of_attributes = OF_ATTRIBUTES.iter().find(given).copied();
        let mut add = |message: String, label: &str, help: &str| {
            let at = format!("heads.{index}");
            found.push(Diagnostic::of_value(at, message, label).help(help));
        };
        let usage = "write { task = \"emotion\" } or { task = \"arousal\", loss = \"ccc\" } for what is to be predicted, { attribute = \"gender\", mode = \"grad_reverse\" } for an attribute";
        let mut fault = |key: &str, of: &str, reason: String| {
            let at = match given(&&key) {
                true => format!("heads.{index}.{key}"),
                false => format!("heads.{index}"),
            };
            let message = format!("`{key}` of {of} {reason}");
            faults.push(Diagnostic::of_value(at, message, "cannot be used"));
        };
        match (head.get("task").is_some(), head.get("attribute").is_some()) {
            (true, true) => add("a head has a task and an attribute".into(), "both", usage),
            (false, false) => add(
                "a head has neither task nor attribute".into(),
                "this head",
                usage,
            ),
            (true, false) if head.get("mode").is_some() => {
                add(
                    "a task has no `mode`".into(),
                    "this head",
                    "remove `mode`; attribute heads have one",
                );
            }
            (true, false) if of_attributes.is_some() => {
                let key = of_attributes.unwrap_or_default();
                add(
                    format!("a task has no `{key}`"),
                    "this head",
                    &format!("remove `{key}`; it belongs to attribute heads"),
                );
            }
            (false, true) if head.get("mode").is_none() => add(
                "an attribute head needs a `mode`".into(),
                "this head",
                "set mode = \"shared\", \"grad_reverse\", \"discriminator\", \"coral\", \"mmd\" or \"cdan\"",
            ),
            (false, true) => {
                if let Some(key) = OF_TASKS.iter().find(given) {
                    add(
                        format!("`{key}` belongs to a task, not to an attribute head"),
                        "this head",
                        "remove it; attribute heads learn by cross-entropy, and `alpha` weighs them",
                    );
                }
                let head = serde_json::from_value::<HeadSpec>(head.clone()).ok();
                if let Some((key, reason)) = head.as_ref().and_then(HeadSpec::problem) {
                    fault(key, "an attribute head", reason);
                }
            }
            (true, false) => {
                let task = with_default_loss(head.clone());
                let task = serde_json::from_value::<TaskSpec>(task).ok();
                if let Some((key, reason)) = task.as_ref().and_then(TaskSpec::problem) {
                    fault(key, "a task", reason);
                }
            }
        }
    }
    found.append(&mut faults);
    found
}

/// A task with the usual loss where it names none.
fn with_default_loss(mut task: Json) -> Json {
    if task.get("loss").is_none() {
        let of_classes = task["task"] == TaskSpec::CLASSES;
        task["loss"] = match of_classes {
            true => json!(LossName::CROSS_ENTROPY),
            false => json!(LossName::CONCORDANCE),
        };
    }
    task
}

/// Heads after the first one for their attribute.
pub fn second_heads(options: &TrainOptions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, head) in options.heads.iter().enumerate() {
        let before = &options.heads[..index];
        if before.iter().any(|other| other.attribute == head.attribute) {
            let message = format!("two heads predict the {}", head.attribute.name());
            found.push(
                Diagnostic::of_value(format!("heads.{index}"), message, "the second one")
                    .help("keep one head for each attribute"),
            );
        }
    }
    found
}
