//! What studies say of that with which variants are compared.

use std::collections::BTreeSet;

use crate::{Method, Reference, Report, ReportEntry};

use super::Study;
use super::simulated;

/// A model without attribute heads, as one whose heads are only tasks is too.
fn model(size: &str, seed: u64, skill: f64) -> ReportEntry {
    let corpora = [("mine", 8, [20, 20, 20])];
    let none = BTreeSet::new();
    let mut entry = simulated::model(size, Method::Baseline, &none, seed, skill, &corpora);
    entry.model.training_corpora = ["mine".to_owned()].into();
    entry.axes = vec![
        ("size".into(), size.into()),
        ("seed".into(), seed.to_string()),
    ];
    entry
}

fn report(reference: Option<(&str, &str)>) -> Report {
    let skills = [("small", 0.4), ("large", 0.7)];
    let entries = skills
        .iter()
        .flat_map(|(size, skill)| [1, 2].map(|seed| model(size, seed, *skill)));
    Report {
        entries: entries.collect(),
        reference: reference.map(|(axis, value)| Reference {
            axis: axis.into(),
            value: value.into(),
        }),
        ..Report::default()
    }
}

#[test]
fn what_a_report_names_takes_the_place_of_the_baseline_in_all_its_forms() {
    let report = report(Some(("size", "small")));
    let page = report.to_html();
    for text in [
        "<h2>Gain over size small</h2>",
        "size small reaches 44.5 %",
        "the other variant, large, reaches 74.3 %",
        "better than the same with size small",
        "gain over size small",
    ] {
        assert!(page.contains(text), "{text} is missing:\n{page}");
    }
    let (_, gains) = page.split_once("<h2>Gain over size small</h2>").unwrap();
    let gains = gains.split_once("</section>").unwrap().0;
    assert!(
        gains.contains(">large</text>") && gains.contains("+29.8*"),
        "{gains}"
    );
    let all = [page, report.to_markdown(), report.to_terminal(120, false)];
    for form in all {
        let told = form.lines().find(|line| line.contains("the baseline"));
        assert_eq!(told, None);
        assert!(form.contains("the same with size small"));
    }
}

#[test]
fn why_there_is_no_gain_is_said() {
    let remarks = |report: &Report| Study::of(report).remarks.join("\n");
    let seeds = report(Some(("seed", "1")));
    let study = Study::of(&seeds);
    assert!(
        study
            .variants
            .iter()
            .all(|v| v.cells[0].as_ref().unwrap().gain.is_none())
    );
    let told = remarks(&seeds);
    assert!(
        told.contains("the values of seed are the seeds of the trainings"),
        "{told}"
    );

    let two = remarks(&report(None));
    assert!(
        two.contains(
            "2 variants have no attribute heads and the same training corpora (small, large)"
        ),
        "{two}"
    );
    let page = report(None).to_html();
    assert!(
        page.contains("the best of 2 variants is large with 74.3 %"),
        "{page}"
    );

    let mut lonely = report(Some(("size", "small")));
    for entry in &mut lonely.entries[2..] {
        entry.axes.push(("rate".into(), "16".into()));
    }
    let told = remarks(&lonely);
    assert!(
        told.contains(
            "No gain is given for large, rate 16: no variant with size small is the same otherwise."
        ),
        "{told}"
    );
}

#[test]
fn of_other_corpora_than_the_papers_only_their_names_are_said() {
    let report = report(None);
    let remarks = Study::of(&report).remarks;
    assert!(
        remarks.contains(&"Trained on mine.".to_owned()),
        "{remarks:?}"
    );
    let page = report.to_html();
    let (_, body) = page.split_once("</style>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    for form in [body, &report.to_markdown()] {
        let told = form.lines().find(|line| line.contains("aper"));
        assert_eq!(told, None);
    }
}
