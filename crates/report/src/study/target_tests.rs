//! Studies of made-up models that predict numbers.

use crate::eval::{NumberPrediction, TargetMetrics};
use crate::{FoldEntry, Reference, Report, ReportEntry};

use super::simulated::{self, variants};
use super::*;

/// Predictions on `speakers` of a corpus, off by up to `error`.
fn predictions(corpus: &str, speakers: std::ops::Range<usize>, error: f64) -> TargetMetrics {
    let predictions: Vec<NumberPrediction> = speakers
        .flat_map(|speaker| (0..12).map(move |at| (speaker, at)))
        .map(|(speaker, at)| {
            let truth = (at % 6) as f64;
            let off = ((at * 7 + speaker * 5) % 11) as f64 / 5.0 - 1.0;
            NumberPrediction {
                utterance: format!("{corpus}/{speaker}/{at}"),
                corpus: corpus.into(),
                speaker: format!("{corpus}/{speaker}"),
                truth: vec![Some(truth)],
                predicted: vec![truth + error * off],
            }
        })
        .collect();
    TargetMetrics::of("arousal", 0, &predictions)
}

/// A model that predicts numbers on one corpus, and no classes.
fn model(place: usize, seed: u64, metrics: TargetMetrics) -> ReportEntry {
    let (method, attributes) = &variants()[place];
    let mut entry = simulated::model("m", *method, attributes, seed, 0.5, &[]);
    entry.model.training_corpora = ["far".to_owned()].into();
    entry.evaluation.targets = [("arousal".to_owned(), metrics)].into();
    entry
}

fn study(entries: Vec<ReportEntry>, reference: Option<Reference>) -> Study {
    Study::of(&Report {
        entries,
        reference,
        ..Report::default()
    })
}

#[test]
fn seeds_are_averaged_and_compared_with_the_baseline() {
    let errors = [(0, 1, 2.0), (0, 2, 2.2), (1, 1, 0.5), (1, 2, 0.6)];
    let entries =
        errors.map(|(place, seed, error)| model(place, seed, predictions("c", 0..9, error)));
    let single: Vec<f64> = entries
        .iter()
        .filter_map(|entry| {
            entry.evaluation.targets["arousal"].corpora["c"]
                .agreement
                .ccc
        })
        .collect();
    let study = study(entries.into(), None);
    assert!(study.tests.is_empty());
    let [baseline, other] = &study.targets[..] else {
        panic!("two results: {:?}", study.targets);
    };
    assert_eq!((other.runs, other.speakers, other.utterances), (2, 9, 108));
    assert_eq!(other.role, TestRole::Unseen);
    assert_eq!(other.ccc, Some((single[2] + single[3]) / 2.0));
    assert!(baseline.gain.is_none() && baseline.seeds_interval.is_none());
    let gain = other.gain.unwrap();
    let difference = (single[2] + single[3] - single[0] - single[1]) / 2.0;
    assert!((gain.ccc - difference).abs() < 1e-12);
    assert!(gain.p.unwrap() < 0.05, "{gain:?}");
    // A family of one.
    assert_eq!(gain.p_corrected, gain.p);
    let (interval, speakers) = (gain.interval.unwrap(), other.speakers_interval.unwrap());
    assert!(interval.low < gain.ccc && gain.ccc < interval.high);
    assert!(speakers.low < other.ccc.unwrap() && other.ccc.unwrap() < speakers.high);
}

#[test]
fn folds_are_one_result() {
    let folds = |error: f64, value: &str| {
        let fold = |name: &str, speakers: std::ops::Range<usize>| FoldEntry {
            fold: name.into(),
            entry: model(0, 1, predictions("c", speakers, error)),
        };
        let folds = vec![fold("1", 0..4), fold("2", 4..9)];
        let mut entry = ReportEntry::pooled(value.into(), folds).expect("alike");
        entry.axes = vec![("size".into(), value.into())];
        entry
    };
    let reference = Reference {
        axis: "size".into(),
        value: "small".into(),
    };
    let study = study(
        vec![folds(2.0, "small"), folds(0.5, "large")],
        Some(reference),
    );
    let whole = predictions("c", 0..9, 0.5).corpora["c"].agreement;
    let large = &study.targets[1];
    assert_eq!((large.utterances, large.speakers), (108, 9));
    assert!((large.ccc.unwrap() - whole.ccc.unwrap()).abs() < 1e-12);
    let found = large.folds.as_ref().unwrap();
    let names: Vec<&str> = found.folds.iter().map(|fold| fold.fold.as_str()).collect();
    assert_eq!(names, ["1", "2"]);
    let cccs: Vec<f64> = found.folds.iter().filter_map(|fold| fold.ccc).collect();
    assert!((found.mean_ccc.unwrap() - (cccs[0] + cccs[1]) / 2.0).abs() < 1e-12);
    assert!(large.gain.unwrap().p.is_some() && study.has_folds());
    let printed = Report {
        study: Some(study),
        ..Report::default()
    };
    let folds = printed.folds_to_terminal(100, false);
    assert!(folds.contains("of each fold alone"), "{folds}");
    assert!(!folds.contains("weighted accuracy"), "{folds}");
}

/// A model that was trained on `trained` and tested on two corpora of six speakers each.
fn left_out(fold: &str, trained: &str) -> FoldEntry {
    let predictions = ["x", "y"].map(|corpus| predictions(corpus, 0..6, 0.5));
    let corpora = predictions.into_iter().flat_map(|metrics| metrics.corpora);
    let metrics = TargetMetrics {
        corpora: corpora.collect(),
        overall: None,
    };
    let mut entry = model(0, 1, metrics);
    entry.model.training_corpora = [trained.to_owned()].into();
    FoldEntry {
        fold: fold.into(),
        entry,
    }
}

#[test]
fn corpora_that_are_left_out_in_turn_have_a_row_of_all() {
    let folds = vec![left_out("x", "y"), left_out("y", "x")];
    let entry = ReportEntry::pooled("baseline".into(), folds).expect("alike");
    let study = study(vec![entry], None);
    let corpora: Vec<&str> = study
        .targets
        .iter()
        .map(|one| one.corpus.as_str())
        .collect();
    assert_eq!(corpora, ["x", "y", "all folds"]);
    let all = &study.targets[2];
    assert_eq!((all.utterances, all.speakers), (144, 12));
    assert_eq!(all.role, TestRole::Unseen);
    let single = study.targets[0].ccc.unwrap();
    assert!((all.ccc.unwrap() - single).abs() < 1e-12);
    let found = all.folds.as_ref().unwrap();
    let of_folds: Vec<(&str, usize)> = found
        .folds
        .iter()
        .map(|fold| (fold.fold.as_str(), fold.utterances))
        .collect();
    assert_eq!(of_folds, [("x", 72), ("y", 72)]);
    assert!((found.mean_ccc.unwrap() - single).abs() < 1e-12);
}

#[test]
fn a_fold_without_a_correlation_is_reported_and_the_others_are_shown() {
    let constant = NumberPrediction {
        utterance: "c/9/0".into(),
        corpus: "c".into(),
        speaker: "c/9".into(),
        truth: vec![Some(2.0)],
        predicted: vec![2.0],
    };
    let of = |fold: &str, metrics| FoldEntry {
        fold: fold.into(),
        entry: model(0, 1, metrics),
    };
    let folds = vec![
        of("1", predictions("c", 0..4, 0.5)),
        of("2", TargetMetrics::of("arousal", 0, &[constant])),
    ];
    let entry = ReportEntry::pooled("baseline".into(), folds).expect("alike");
    let study = study(vec![entry], None);
    let found = study.targets[0].folds.as_ref().unwrap();
    let cccs: Vec<Option<f64>> = found.folds.iter().map(|fold| fold.ccc).collect();
    assert!(cccs[0].is_some() && cccs[1].is_none(), "{cccs:?}");
    assert_eq!(found.mean_ccc, cccs[0]);
    let key = crate::sections::targets::key(&study);
    let told = "Fold 2 of arousal on c has no CCC, since truth and predictions do not vary there, and the mean is that of the others.";
    assert!(key.contains(told), "{key}");
}
