//! Studies of so many classes that they are rows of tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::eval::{Confusion, Metrics};
use crate::{Method, Report};

use super::simulated;

/// Classes.
const CLASSES: usize = 20;

/// A model of twenty classes, each with ten utterances, that takes two of each class for the next one.
fn report() -> Report {
    let corpora = [("mine", 8, [20, 20, 20])];
    let mut entry = simulated::model("m", Method::Baseline, &BTreeSet::new(), 1, 0.5, &corpora);
    let row = |truth: usize| {
        let mut row = vec![0; CLASSES];
        row[truth] = 8 - u64::from(truth == 3);
        row[(truth + 1) % CLASSES] = 2 + u64::from(truth == 3);
        row
    };
    let rows: Vec<Vec<u64>> = (0..CLASSES).map(row).collect();
    let metrics = Metrics::of(Confusion::from_rows(&rows).expect("square"));
    entry.evaluation.classes = (0..CLASSES)
        .map(|class| format!("emotion number {class}"))
        .collect();
    entry.evaluation.corpora = [("mine".to_owned(), metrics.clone())].into();
    entry.evaluation.speakers = BTreeMap::new();
    entry.evaluation.overall = metrics;
    entry.model.training_corpora = ["mine".to_owned()].into();
    Report {
        entries: vec![entry],
        ..Report::default()
    }
}

#[test]
fn classes_are_rows_with_whole_names_and_the_most_frequent_confusions_are_listed() {
    let text = report().to_terminal(80, false);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Recall of each class, mine"), "{text}");
    assert!(words.contains("emotion number 19 10 80.0"), "{text}");
    assert!(words.contains("The 20 most frequent confusions"), "{text}");
    let first = words.find("emotion number 3 emotion number 4 3 30.0");
    let second = words.find("emotion number 0 emotion number 1 2 20.0");
    assert!(first.is_some() && first < second, "{text}");
    assert!(
        !text.contains("omitted for lack of width: recall"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn the_page_draws_the_whole_matrix_with_whole_names() {
    let page = report().to_html();
    assert!(page.contains("Recall of each class"));
    for text in [
        "rotate(-90",
        ">emotion number 19</text>",
        "<title>emotion number 3, predicted as emotion number 4: 3 of 10, 30 %</title>",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
}
