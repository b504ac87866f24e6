//! Studies of models that distinguish different classes.

use std::collections::{BTreeMap, BTreeSet};

use crate::eval::{Confusion, Metrics};
use crate::{Method, Report, ReportEntry};

use super::Study;
use super::simulated;

/// A model of three classes.
fn three(method: Method, seed: u64, skill: f64) -> ReportEntry {
    let corpora = [("mine", 8, [20, 20, 20])];
    let mut entry = simulated::model("m", method, &BTreeSet::new(), seed, skill, &corpora);
    entry.model.training_corpora = ["mine".to_owned()].into();
    entry
}

/// A model of two classes, of which it finds so many of ten.
fn two(method: Method, seed: u64, found: u64) -> ReportEntry {
    let mut entry = three(method, seed, 0.5);
    let rows = vec![vec![found, 10 - found], vec![10 - found, found]];
    let metrics = Metrics::of(Confusion::from_rows(&rows).expect("square"));
    entry.evaluation.classes = ["low", "high"].map(String::from).into();
    entry.evaluation.corpora = [("mine".to_owned(), metrics.clone())].into();
    entry.evaluation.speakers = BTreeMap::new();
    entry.evaluation.overall = metrics;
    entry
}

fn report() -> Report {
    Report {
        entries: vec![
            three(Method::Baseline, 1, 0.4),
            two(Method::Baseline, 1, 7),
            three(Method::Gr, 1, 0.6),
            two(Method::Gr, 1, 9),
        ],
        ..Report::default()
    }
}

#[test]
fn each_set_of_classes_is_compared_by_itself() {
    let report = report();
    let study = Study::of(&report);
    let names: Vec<&str> = study.variants.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "baseline, 3 classes",
            "baseline, 2 classes",
            "GR, 3 classes",
            "GR, 2 classes"
        ]
    );
    let tests: Vec<(usize, Option<f64>)> = study
        .tests
        .iter()
        .map(|test| (test.classes.len(), test.chance_ua))
        .collect();
    assert_eq!(tests, [(3, Some(1.0 / 3.0)), (2, Some(0.5))]);
    let has: Vec<[bool; 2]> = study
        .variants
        .iter()
        .map(|variant| [0, 1].map(|test| variant.cells[test].is_some()))
        .collect();
    assert_eq!(
        has,
        [[true, false], [false, true], [true, false], [false, true]]
    );
    // Each is compared with the baseline of its own classes.
    let gain = study.variants[3].cells[1].as_ref().unwrap().gain.unwrap();
    assert!((gain.ua - 0.2).abs() < 1e-12, "{gain:?}");
    assert!(
        study
            .remarks
            .iter()
            .any(|r| r.contains("each set of classes has tables of its own"))
    );
    assert!(
        !study.remarks.iter().any(|r| r.contains("No gain")),
        "{:?}",
        study.remarks
    );
}

#[test]
fn every_form_has_tables_of_each_set() {
    let report = report();
    let markdown = report.to_markdown();
    let (before, after) = markdown
        .split_once("## Classes: low, high")
        .expect("a part");
    assert!(
        before.contains("## Classes: positive, neutral, negative"),
        "{markdown}"
    );
    assert!(
        !before.contains("2 classes") && !after.contains("3 classes"),
        "{markdown}"
    );
    assert!(after.contains("50.0") && after.contains("+20.0"), "{after}");
    let page = report.to_html();
    for heading in ["Classes: positive, neutral, negative", "Classes: low, high"] {
        assert!(page.contains(&format!("<h3>{heading}</h3>")), "{heading}");
    }
    let ids = page.matches("<section id=\"answer\">").count();
    assert_eq!((ids, page.matches("<h3>Caveats</h3>").count()), (1, 1));
    let table = report.to_csv();
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let header = table.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|known| known == name).unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(&rows[1][place("recall_high")], "0.7");
    assert_eq!(&rows[1][place("recall_neutral")], "");
    assert_eq!(&rows[1][place("count_low_as_high")], "3");
    assert_eq!(&rows[0][place("recall_high")], "");
}
