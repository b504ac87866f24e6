//! `pipe export --emobox`: predictions as the evaluation of EmoBox takes them, a JSON list of `{"key", "pred"}`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pipe_foundation::Limit;
use pipe_report::eval::{Predictions, read_predictions};
use pipe_speech::corpus::Split;
use pipe_speech::corpus::protocol::{Partition, emobox, match_paths};
use serde_json::{Value as Json, json};

use super::console::print_error;
use super::error::CliError;
use super::model::refused;

/// The list for the predictions in `table`, in the order of the test files of a fold of the dataset in `protocol`.
///
/// Where each of our classes is one of its labels, predictions are written in its labels, otherwise in ours.
///
/// # Errors
/// Where either cannot be read, or no prediction is of a file of the fold.
pub fn emobox_predictions(
    table: &Path,
    protocol: &Path,
    fold: &str,
    file_bytes: Limit,
) -> Result<String, CliError> {
    let predictions = read_predictions(table).map_err(refused)?;
    let partition = emobox(protocol, fold, file_bytes).map_err(refused)?;
    let ids: Vec<String> = predictions
        .rows
        .iter()
        .map(|row| row.utterance.clone())
        .collect();
    let matched = match_paths(&partition, &ids).map_err(refused)?;
    let theirs = labels_of_classes(&predictions, &partition, &matched.file_of);
    let labels = labels(&predictions, &theirs);
    if let Some(warning) = unlike_theirs(&predictions, &theirs, &partition.name) {
        print_error(&format!("  warning: {warning}"));
    }
    let mut row_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (row, file) in matched.file_of.iter().enumerate() {
        if let Some(file) = file {
            row_of.insert(*file, row);
        }
    }
    let mut list: Vec<Json> = Vec::new();
    let mut missing = 0;
    let tested = partition.files.iter().enumerate();
    for (number, file) in tested.filter(|(_, file)| file.split == Split::Test) {
        match row_of.get(&number) {
            Some(&row) => {
                let class = predictions.rows[row].predicted;
                let name = labels.get(class).map_or("", String::as_str);
                list.push(json!({ "key": file.key, "pred": name }));
            }
            None => missing += 1,
        }
    }
    if list.is_empty() {
        return Err(CliError::Usage {
            message: format!(
                "no prediction of {} is of a test file of {}",
                table.display(),
                partition.name
            ),
            help: "give the fold that the predictions are of, with --fold".into(),
        });
    }
    if missing > 0 {
        print_error(&format!(
            "  warning: {missing} of {} test files of {} have no prediction",
            missing + list.len(),
            partition.name
        ));
    }
    // One a line, so that two of them can be compared.
    let lines: Vec<String> = list.iter().map(Json::to_string).collect();
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// The labels that the partition gives the utterances of each of our classes.
fn labels_of_classes<'a>(
    predictions: &Predictions,
    partition: &'a Partition,
    file_of: &[Option<usize>],
) -> Vec<BTreeSet<&'a str>> {
    let mut theirs: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); predictions.classes.len()];
    for (row, file) in predictions.rows.iter().zip(file_of) {
        let label = file.and_then(|file| partition.files[file].label.as_deref());
        if let (Some(label), Some(labels)) = (label, theirs.get_mut(row.truth)) {
            labels.insert(label);
        }
    }
    theirs
}

/// Whether no class has two labels, and no label two classes.
fn is_one_to_one(theirs: &[BTreeSet<&str>]) -> bool {
    let all: Vec<&str> = theirs.iter().flatten().copied().collect();
    let distinct: BTreeSet<&str> = all.iter().copied().collect();
    distinct.len() == all.len() && theirs.iter().all(|labels| labels.len() <= 1)
}

/// What each of our classes is called: the label of all its utterances in the partition where that is one, and that of no
/// other class.
fn labels(predictions: &Predictions, theirs: &[BTreeSet<&str>]) -> Vec<String> {
    let is_one_to_one = is_one_to_one(theirs);
    let own = predictions.classes.iter();
    own.zip(theirs)
        .map(|(class, labels)| match labels.first() {
            Some(label) if is_one_to_one => (*label).to_owned(),
            _ => class.clone(),
        })
        .collect()
}

/// What is to be said where our classes are not the labels of the partition; none where they are.
fn unlike_theirs(
    predictions: &Predictions,
    theirs: &[BTreeSet<&str>],
    partition: &str,
) -> Option<String> {
    if is_one_to_one(theirs) {
        return None;
    }
    let classes = predictions.classes.iter().zip(theirs);
    let held = classes.filter(|(_, labels)| !labels.is_empty());
    let held: Vec<String> = held
        .map(|(class, labels)| {
            let labels: Vec<&str> = labels.iter().copied().collect();
            format!("{class} holds {}", labels.join(", "))
        })
        .collect();
    Some(format!(
        "the classes of these predictions are not the labels of {partition} ({}), so they are written by their own names, and EmoBox's evaluation cannot compare them with its labels: train and test with `classes = \"native\"` for that",
        held.join("; ")
    ))
}
