//! Whether there is anything to learn of what a training is to predict: classes, numbers and attributes.

use std::collections::{BTreeSet, HashMap};

use pipe_engine::artifact::Item;
use pipe_engine::manifest::{Diagnostic, suggest};
use pipe_engine::stage::Foresight;
use pipe_nn::model::TaskSpec;
use pipe_speech::corpus::{Split, Utterance};
use serde_json::{Map, Value as Json};

use crate::items::{UtteranceItem, numeric_cell};

use super::classes::{no_class, of_classes, unknown_class};
use super::free_text::is_like_text;
use super::listed::{Listed, items, of_train};

/// What a training is to predict.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Predicted {
    Classes,
    /// The column of a number.
    Number(String),
    /// An attribute, and which of its values are the target where it tells target and source apart.
    Attribute(String, Vec<String>),
}

/// One head of a training, with the path of its parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    path: String,
    predicted: Predicted,
}

/// The heads of a training with these parameters.
pub fn heads(parameters: &Map<String, Json>) -> Vec<Head> {
    let listed = parameters.get("heads").and_then(Json::as_array);
    let mut heads: Vec<Head> = Vec::new();
    for (index, head) in listed.into_iter().flatten().enumerate() {
        let name = |key: &str| head.get(key).and_then(Json::as_str).map(str::to_owned);
        let predicted = match (name("task"), name("attribute")) {
            (Some(task), _) if task == TaskSpec::CLASSES => Predicted::Classes,
            (Some(task), _) => Predicted::Number(task),
            (None, Some(attribute)) => {
                let target = head.get("target").and_then(Json::as_array);
                let target = target.into_iter().flatten().filter_map(Json::as_str);
                Predicted::Attribute(attribute, target.map(str::to_owned).collect())
            }
            (None, None) => continue,
        };
        heads.push(Head {
            path: format!("heads.{index}"),
            predicted,
        });
    }
    let is_task = |head: &Head| !matches!(head.predicted, Predicted::Attribute(..));
    if !heads.iter().any(is_task) {
        heads.push(Head {
            path: "heads".into(),
            predicted: Predicted::Classes,
        });
    }
    heads
}

/// Adds what is foreseen of `heads` on these data.
pub fn judge(heads: &[Head], listed: &[Listed<'_>], foresight: &mut Foresight) {
    for head in heads {
        let found = match &head.predicted {
            Predicted::Classes => of_classes(listed, heads.len() > 1, foresight),
            Predicted::Number(column) => of_number(column, listed),
            Predicted::Attribute(name, target) if target.is_empty() => {
                of_attribute(name, listed, foresight)
            }
            Predicted::Attribute(name, target) => of_target(name, target, listed),
        };
        if let Some(refusal) = found {
            foresight
                .refusal
                .get_or_insert(refusal.about(&head.path, "this head"));
        }
    }
}

/// Adds what is foreseen of a test of a model with these heads, trained on `trained`, on `splits` of `tested`.
pub fn judge_test(
    heads: &[Head],
    trained: &[Listed<'_>],
    (tested, splits): (&[Listed<'_>], &[Split]),
    foresight: &mut Foresight,
) {
    let scored = || items(tested).filter(|item| splits.contains(&item.utterance().split));
    for head in heads {
        let found = match &head.predicted {
            Predicted::Classes => unknown_class(trained, scored()).or_else(|| no_class(scored())),
            Predicted::Number(column) => text_in_column(column, scored()),
            Predicted::Attribute(..) => None,
        };
        if let Some(refusal) = found {
            let label = "the model and what it is tested on";
            foresight
                .refusal
                .get_or_insert(refusal.about("input", label));
        }
    }
}

/// The cell of a column that is no number, where there is one.
fn text_in_column<'a>(column: &str, items: impl Iterator<Item = &'a Item>) -> Option<Diagnostic> {
    let mut first: Option<String> = None;
    let mut others: usize = 0;
    for item in items {
        let utterance = item.utterance();
        let cell = utterance.column(column).map(numeric_cell);
        let Some(Err(cell)) = cell else {
            continue;
        };
        if first.is_some() {
            others += 1;
            continue;
        }
        let recording = item.utterance_facts().recording.as_ref();
        let place = recording.and_then(|recording| recording.place.as_deref());
        let place = place.map_or_else(String::new, |place| format!(", {place}"));
        first = Some(format!(
            "`{column}` of {}{place} is `{cell}`, which is not a number",
            utterance.id
        ));
    }
    let others = match others {
        0 => String::new(),
        1 => ", and 1 more cell is no number".into(),
        more => format!(", and {more} more cells are no numbers"),
    };
    let help = "correct the cells; leave one empty, or write NaN, where the number is not known";
    first.map(|first| Diagnostic::new("train::number", first + &others).help(help))
}

fn of_number(column: &str, listed: &[Listed<'_>]) -> Option<Diagnostic> {
    if let Some(text) = text_in_column(column, items(listed)) {
        return Some(text);
    }
    let cells = of_train(listed).filter_map(|utterance| utterance.column(column));
    let numbers = cells.filter_map(|cell| numeric_cell(cell).ok().flatten());
    let mut known: usize = 0;
    let mut different: Vec<f64> = Vec::new();
    for number in numbers {
        known += 1;
        if different.len() < 2 && !different.contains(&number) {
            different.push(number);
        }
    }
    let (message, help) = match (&different[..], known) {
        ([], _) => (
            format!("no utterance of training has a number in the column `{column}`"),
            "check the name of the column and its cells",
        ),
        ([only], 1) => (
            format!(
                "one utterance of training alone has a number in the column `{column}`, {only}"
            ),
            "fill in the numbers of the others, or leave this task out",
        ),
        ([only], _) => (
            format!(
                "the column `{column}` is {only} for all {known} utterances of training that have a number: there is nothing to learn"
            ),
            "name a column that varies, or leave this task out",
        ),
        _ => return None,
    };
    Some(Diagnostic::new("train::target", message).help(help))
}

fn of_attribute(
    name: &str,
    listed: &[Listed<'_>],
    foresight: &mut Foresight,
) -> Option<Diagnostic> {
    let values = of_train(listed).filter_map(|utterance| utterance.attribute(name));
    // What every utterance has is no free text, and there may be very many of them.
    if Utterance::BUILT_IN.contains(&name) {
        let mut first: BTreeSet<&str> = BTreeSet::new();
        for value in values {
            first.insert(value);
            if first.len() > 1 {
                return None;
            }
        }
        return indistinct(name, first.into_iter().next());
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let once = counts.values().filter(|count| **count == 1).count();
    if is_like_text(counts.len(), once) {
        foresight.warnings.push(format!(
            "the attribute {name} has {} values in training, {once} of them once: is it free text? A head needs several utterances of each value; name a column of categories, or leave the head out",
            counts.len()
        ));
    }
    match counts.len() {
        0 | 1 => indistinct(name, counts.into_keys().next()),
        _ => None,
    }
}

/// What is wrong with a target that some values of an attribute are.
fn of_target(name: &str, target: &[String], listed: &[Listed<'_>]) -> Option<Diagnostic> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    known.extend(of_train(listed).filter_map(|utterance| utterance.attribute(name)));
    let missing = target.iter().find(|value| !known.contains(value.as_str()));
    let (message, help) = match missing {
        Some(value) => (
            format!("no utterance of training has the {name} `{value}`, which is a target"),
            suggest(value, known.iter().copied()),
        ),
        None if known
            .iter()
            .all(|value| target.iter().any(|own| own == value)) =>
        {
            (
                format!(
                    "the {name} of every utterance of training is a target: there is no source"
                ),
                "train on data of other values too, or name fewer in `target`".into(),
            )
        }
        None => return None,
    };
    Some(Diagnostic::new("train::target_group", message).help(help))
}

/// What is wrong with an attribute that has no two values in training.
fn indistinct(name: &str, only: Option<&str>) -> Option<Diagnostic> {
    let (message, fill) = match only {
        None => (
            format!("no {name} is known of any utterance of training, and a head is to predict it"),
            match name {
                "gender" => {
                    "name the genders of the speakers in corpora.toml, such as genders = { s01 = \"female\", s02 = \"male\" } of the corpus"
                }
                _ => "fill in the column",
            },
        ),
        Some(only) => (
            format!(
                "the {name} of every utterance of training is {only}: a head has nothing to tell apart"
            ),
            "train on data in which it varies",
        ),
    };
    Some(Diagnostic::new("train::labels", message).help(format!("{fill}, or remove this head")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn without_a_task_the_classes_are_predicted() {
        let heads = |written: Json| {
            let found = heads(&Map::from_iter([("heads".to_owned(), written)]));
            let described = found.into_iter().map(|head| (head.path, head.predicted));
            described.collect::<Vec<_>>()
        };
        let gender = Predicted::Attribute("gender".into(), Vec::new());
        assert_eq!(
            heads(json!([{ "attribute": "gender", "mode": "shared" }])),
            [
                ("heads.0".into(), gender),
                ("heads".into(), Predicted::Classes)
            ]
        );
        assert_eq!(
            heads(json!([{ "task": "arousal" }])),
            [("heads.0".into(), Predicted::Number("arousal".into()))]
        );
    }
}
