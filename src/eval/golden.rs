//! Metrics against scikit-learn's (tests/golden/metrics).

use serde::Deserialize;

use super::{Confusion, Metrics};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    confusion: Confusion,
    ua: f64,
    macro_recall_of_occurring: f64,
    macro_recall_of_either: f64,
    wa: f64,
    macro_f1: f64,
    recall: Vec<Option<f64>>,
    precision: Vec<Option<f64>>,
    f1: Vec<Option<f64>>,
    support: Vec<u64>,
}

fn near(found: Option<f64>, golden: Option<f64>) -> bool {
    match (found, golden) {
        (Some(found), Some(golden)) => (found - golden).abs() <= 1e-12,
        (found, golden) => found.is_none() && golden.is_none(),
    }
}

#[test]
fn metrics_agree_with_scikit_learn() {
    let text = include_str!("../../tests/golden/metrics/metrics.json");
    let cases: Vec<Case> = serde_json::from_str(text).expect("golden numbers");
    assert!(cases.len() > 10);
    for case in &cases {
        let metrics = Metrics::of(case.confusion.clone());
        let name = &case.name;
        assert!(near(metrics.ua, Some(case.ua)), "UA of {name}");
        assert!(
            near(metrics.ua, Some(case.macro_recall_of_occurring)),
            "recall of {name}"
        );
        assert!(near(metrics.wa, Some(case.wa)), "WA of {name}");
        assert!(
            near(metrics.macro_f1, Some(case.macro_f1)),
            "macro F1 of {name}"
        );
        assert_eq!(metrics.classes.len(), case.recall.len());
        for (class, found) in metrics.classes.iter().enumerate() {
            assert_eq!(found.support, case.support[class], "{name}");
            assert!(
                near(found.recall, case.recall[class]),
                "recall {class} of {name}"
            );
            assert!(
                near(found.precision, case.precision[class]),
                "precision {class} of {name}"
            );
            assert!(near(found.f1, case.f1[class]), "F1 {class} of {name}");
        }
    }
}

#[test]
fn classes_that_were_only_predicted_do_not_count() {
    let text = include_str!("../../tests/golden/metrics/metrics.json");
    let cases: Vec<Case> = serde_json::from_str(text).expect("golden numbers");
    let case = cases
        .iter()
        .find(|case| case.name == "class does not occur");
    let case = case.expect("listed");
    // recall_score(average="macro") without `labels` is 2/3 of ours: it counts the third class as 0.
    let ua = Metrics::of(case.confusion.clone()).ua.expect("not empty");
    assert!((case.macro_recall_of_either - ua * 2.0 / 3.0).abs() < 1e-12);
}
