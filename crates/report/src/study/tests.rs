//! Studies of made-up models.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::eval::Interval;
use crate::{Attribute, Method, Report, ReportEntry};

use super::simulated::{self, PAPER};
use super::*;

fn report(entries: Vec<ReportEntry>) -> Report {
    Report {
        title: "made".into(),
        entries,
        ..Report::default()
    }
}

/// Seeds of one variant at the given skills.
fn seeds(
    name: &str,
    method: Method,
    attribute: Option<Attribute>,
    skills: &[f64],
) -> Vec<ReportEntry> {
    let attributes = attribute.into_iter().collect();
    let model = |(seed, skill): (usize, &f64)| {
        simulated::model(name, method, &attributes, seed as u64 + 1, *skill, &PAPER)
    };
    skills.iter().enumerate().map(model).collect()
}

fn pair(baseline: &[f64], reversed: &[f64]) -> Report {
    let mut entries = seeds("baseline", Method::Baseline, None, baseline);
    entries.extend(seeds("GR C", Method::Gr, Some(Attribute::Corpus), reversed));
    report(entries)
}

#[test]
fn cells_hold_what_their_models_reach() {
    let report = pair(&[0.5, 0.52, 0.49], &[0.6, 0.62, 0.61]);
    let study = Study::of(&report);
    let names: Vec<&str> = study.tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names[..3], ["crema_d", "tess", "in domain"]);
    assert_eq!(study.tests.iter().filter(|test| test.headline).count(), 3);
    assert_eq!(
        (
            study.tests[0].speakers,
            study.tests[1].speakers,
            study.tests[2].speakers
        ),
        (91, 2, 8)
    );
    let [baseline, reversed] = &study.variants[..] else {
        panic!("two variants");
    };
    assert_eq!(
        (baseline.name.as_str(), reversed.name.as_str()),
        ("baseline", "GR C")
    );
    let crema = reversed.cells[0].as_ref().expect("tested");
    assert_eq!(crema.runs, 3);
    for (model, &entry) in crema.models.iter().zip(&reversed.entries) {
        let metrics = &report.entries[entry].evaluation.corpora["crema_d"];
        assert_eq!((Some(model.ua), Some(model.wa)), (metrics.ua, metrics.wa));
        let interval = model.speakers_interval.expect("91 speakers");
        assert!(interval.low < model.ua && model.ua < interval.high);
    }
    for interval in [crema.seeds_interval, crema.speakers_interval] {
        let interval = interval.expect("three seeds and 91 speakers");
        assert!(interval.low < crema.ua && crema.ua < interval.high);
    }
    // 7 points more for every seed, of the same speakers.
    let gain = crema.gain.expect("there is a baseline");
    let interval = gain.interval.expect("seeds and speakers");
    assert!(
        gain.over_seeds && gain.over_speakers && gain.significant(),
        "{gain:?}"
    );
    assert!(interval.low > 0.0 && interval.low < gain.ua && gain.ua < interval.high);
    assert!(gain.p_corrected >= gain.p);
    // TESS has two speakers: only seeds count.
    let tess = reversed.cells[1].as_ref().expect("tested");
    assert_eq!(tess.speakers_interval, None);
    let gain = tess.gain.expect("there is a baseline");
    assert!(gain.over_seeds && !gain.over_speakers && gain.p.is_some());
    // One p-value for each headline test, none corrected for a part of the training corpora.
    assert_eq!(study.comparisons, 3);
    for (test, cell) in study.tests.iter().zip(&reversed.cells) {
        let gain = cell
            .as_ref()
            .and_then(|cell| cell.gain)
            .expect("there is a baseline");
        assert_eq!(gain.p_corrected.is_some(), test.headline);
    }
    assert!(
        baseline
            .cells
            .iter()
            .flatten()
            .all(|cell| cell.gain.is_none())
    );
}

#[test]
fn single_runs_say_less() {
    let study = Study::of(&pair(&[0.5], &[0.52]));
    assert!(!study.has_seeds());
    let reversed = &study.variants[1];
    let crema = reversed.cells[0].as_ref().expect("tested");
    assert!(crema.seeds_interval.is_none() && crema.speakers_interval.is_some());
    let gain = crema.gain.expect("there is a baseline");
    assert!(!gain.over_seeds && gain.over_speakers);
    let gain = reversed.cells[1]
        .as_ref()
        .and_then(|cell| cell.gain)
        .expect("there is a baseline");
    assert_eq!(
        (gain.interval, gain.p, gain.p_corrected),
        (None, None, None)
    );
    assert_eq!(study.comparisons, 2);
    let remarks = study.remarks.join("\n");
    assert!(
        remarks.contains("Every variant is a single run"),
        "{remarks}"
    );
    assert!(
        remarks.contains("Fewer than 5 speakers: tess (2)"),
        "{remarks}"
    );
}

#[test]
fn equal_skill_is_seldom_a_gain() {
    let mut skills = (0..).map(|n: u32| 0.5 + f64::from(n * 7919 % 100) / 3000.0);
    let mut low = 0;
    for _ in 0..60 {
        let mut some = || -> Vec<f64> { skills.by_ref().take(4).collect() };
        let study = Study::of(&pair(&some(), &some()));
        let p = study.variants[1].cells[0]
            .as_ref()
            .and_then(|cell| cell.gain?.p);
        low += usize::from(p.expect("seeds and speakers") < 0.05);
    }
    // 3 are to be expected of 60, and 8 or more in 1 of 100 cases.
    assert!(low < 8, "{low} of 60");
}

#[test]
fn what_differs_in_more_than_its_seed_is_apart() {
    let attributes = BTreeSet::new();
    let model =
        |name: &str, seed| simulated::model(name, Method::Baseline, &attributes, seed, 0.5, &PAPER);
    let names = |entries| -> Vec<(String, usize)> {
        let study = Study::of(&report(entries));
        study
            .variants
            .iter()
            .map(|variant| (variant.name.clone(), variant.entries.len()))
            .collect()
    };
    assert_eq!(
        names(vec![model("a", 1), model("b", 2)]),
        [("baseline".to_string(), 2)]
    );
    // Two of seed 1: the name shows what else differs.
    let four = vec![
        model("wide", 1),
        model("narrow", 1),
        model("wide", 2),
        model("narrow", 2),
    ];
    assert_eq!(
        names(four.clone()),
        [("wide".to_string(), 2), ("narrow".to_string(), 2)]
    );
    // Evaluations of two stages over an axis of seeds.
    let named = |name: &str, seed| {
        let mut model = model(name, seed);
        model.model.name = format!("{name} seed {seed}");
        model
    };
    let stages = vec![
        named("test", 1),
        named("test", 2),
        named("scaled_test", 1),
        named("scaled_test", 2),
    ];
    assert_eq!(
        names(stages),
        [("test".to_string(), 2), ("scaled_test".to_string(), 2)]
    );
    let same = vec![model("a", 1), model("a", 1)];
    assert_eq!(
        names(same),
        [("a, seed 1".to_string(), 1), ("a, seed 1".to_string(), 1)]
    );
    // Other training corpora: another variant, and another baseline.
    let mut other = model("wide", 3);
    other.model.training_corpora.remove("savee");
    let found = names(vec![model("wide", 1), other.clone()]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].0, "baseline, on all");
    assert_eq!(found[1].0, "baseline, without savee");
    // Two baselines of the same corpora: no gain rather than one against the wrong model.
    let mut entries = four;
    entries.extend(seeds(
        "GR C",
        Method::Gr,
        Some(Attribute::Corpus),
        &[0.5, 0.6],
    ));
    let study = Study::of(&report(entries));
    assert!(
        study
            .variants
            .iter()
            .flat_map(|variant| &variant.cells)
            .flatten()
            .all(|cell| cell.gain.is_none())
    );
    assert!(
        study
            .remarks
            .iter()
            .any(|remark| remark.starts_with("No gain is given for GR C"))
    );
    // One of other corpora is none at all.
    let mut entries = seeds("GR C", Method::Gr, Some(Attribute::Corpus), &[0.5, 0.6]);
    entries.push(other);
    let study = Study::of(&report(entries));
    assert!(
        study.variants[0]
            .cells
            .iter()
            .flatten()
            .all(|cell| cell.gain.is_none())
    );
}

#[test]
fn runs_on_different_speakers_are_not_paired() {
    let mut made = pair(&[0.5, 0.51], &[0.55, 0.56]);
    let speakers = made.entries[3]
        .evaluation
        .speakers
        .get_mut("crema_d")
        .expect("tested");
    let (name, counts) = speakers.pop_last().expect("91 speakers");
    speakers.insert(format!("{name} again"), counts);
    let study = Study::of(&made);
    let cell = study.variants[1].cells[0].as_ref().expect("tested");
    assert_eq!(cell.speakers_interval, None);
    assert!(
        cell.models
            .iter()
            .all(|model| model.speakers_interval.is_some())
    );
    let gain = cell.gain.expect("there is a baseline");
    assert!(gain.over_seeds && !gain.over_speakers);
    assert!(
        study
            .remarks
            .iter()
            .any(|remark| remark.contains("On crema_d") && remark.contains("same speakers")),
        "{:?}",
        study.remarks
    );
}

#[test]
fn models_that_have_heard_the_test_are_named() {
    let mut made = pair(&[0.5, 0.51], &[0.55, 0.56]);
    assert!(made.to_markdown().contains("held-out speakers"));
    made.entries[2].leaks = vec!["speaker crema_d/1 was in training".into()];
    let study = Study::of(&made);
    assert_eq!(study.leaked, [2]);
    let remark = "1 of 4 models (GR C, seed 1) was tested on speakers or recordings that it was trained on: \
                  speaker crema_d/1 was in training. Such a score says little of new speakers.";
    assert!(
        study.remarks.iter().any(|found| found == remark),
        "{:?}",
        study.remarks
    );
    let (text, page) = (made.to_markdown(), made.to_html());
    assert!(!text.contains("held-out speakers") && !page.contains("(held-out speakers"));
    assert!(
        text.contains("trained on, in part with the same speakers"),
        "{text}"
    );
}

type Numbers = (f64, Option<Interval>, Option<Gain>);

#[test]
fn the_order_of_models_changes_no_number() {
    let one = simulated::whole(2);
    let mut turned = one.clone();
    turned.entries.reverse();
    let cells = |report: &Report| -> BTreeMap<String, Vec<Option<Numbers>>> {
        let study = Study::of(report);
        let cells = |variant: &StudyVariant| {
            variant
                .cells
                .iter()
                .map(|cell| {
                    cell.as_ref().map(|cell| {
                        (
                            round(cell.ua),
                            cell.speakers_interval.map(rounded),
                            cell.gain.map(|gain| Gain {
                                ua: round(gain.ua),
                                interval: gain.interval.map(rounded),
                                p: gain.p.map(round),
                                p_corrected: gain.p_corrected.map(round),
                                ..gain
                            }),
                        )
                    })
                })
                .collect()
        };
        study
            .variants
            .iter()
            .map(|variant| (variant.name.clone(), cells(variant)))
            .collect()
    };
    assert_eq!(cells(&one), cells(&turned));
}

/// Sums in another order differ in their last bits.
fn round(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

fn rounded(interval: Interval) -> Interval {
    Interval {
        low: round(interval.low),
        high: round(interval.high),
    }
}

#[test]
fn the_whole_study_is_readable() {
    let report = simulated::whole(3);
    let start = Instant::now();
    let study = Study::of(&report);
    eprintln!("{} models in {:?}", report.entries.len(), start.elapsed());
    assert_eq!(study.variants.len(), 46);
    assert_eq!(study.comparisons, 45 * 3);
    insta::assert_snapshot!("whole_brief_80", report.to_terminal_in_brief(80, false));
    insta::assert_snapshot!("whole_brief_120", report.to_terminal_in_brief(120, false));
    for width in [40, 60, 80, 100, 120, 200] {
        for line in report.to_terminal_in_brief(width, false).lines() {
            assert!(line.chars().count() <= width, "{width}: {line:?}");
        }
    }
    assert!(
        study
            .remarks
            .iter()
            .any(|remark| remark.starts_with("4 of 138 models collapsed")),
        "{:?}",
        study.remarks
    );
}
