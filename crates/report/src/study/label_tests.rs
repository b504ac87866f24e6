//! Recalls of original labels over several runs of a variant.

use crate::Report;
use crate::eval::LabelRecall;
use crate::sections::labels::table;

use super::Study;
use super::simulated::{self, PAPER, variants};

/// A run of the baseline, with its recall of one label.
fn run(seed: u64, hits: u64) -> crate::ReportEntry {
    let (method, attributes) = &variants()[0];
    let mut entry = simulated::model("m", *method, attributes, seed, 0.5, &PAPER[..2]);
    let recall = LabelRecall {
        class: "negative".into(),
        utterances: 10,
        hits,
    };
    let labels = [("sad".to_owned(), recall)].into();
    entry.evaluation.labels = [("tess".to_owned(), labels)].into();
    entry
}

#[test]
fn runs_of_a_variant_are_one_row_with_their_mean() {
    let mut report = Report {
        entries: vec![run(1, 4), run(2, 8)],
        ..Report::default()
    };
    report.study = Some(Study::of(&report));
    let text = |report: &Report| {
        let table = table(report).expect("labels were kept");
        let rows = table.rows.iter();
        let rows = rows.map(|row| row.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>());
        rows.collect::<Vec<_>>()
    };
    let rows = text(&report);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0][1..], ["tess", "sad", "negative", "2", "10", "60.0"]);
    // One run each is a model each.
    report.entries.truncate(1);
    report.study = Some(Study::of(&report));
    let rows = text(&report);
    assert_eq!(
        rows,
        [["m, seed 1", "tess", "sad", "negative", "10", "40.0"]]
    );
}
