//! Snapshots of whole reports.

use std::collections::{BTreeMap, BTreeSet};

use crate::eval::{Confusion, Evaluation, Metrics};

use super::*;

type Counts = [[u64; 3]; 3];

fn metrics(counts: Counts) -> Metrics {
    let rows: Vec<Vec<u64>> = counts.iter().map(|row| row.to_vec()).collect();
    Metrics::of(Confusion::from_rows(&rows).expect("square"))
}

/// The counts dealt out to two speakers of TESS, six of others: which utterance is whose does not depend on the model.
fn speakers(corpus: &str, counts: &Counts) -> BTreeMap<String, Confusion> {
    let speakers = if corpus == "tess" { 2 } else { 6 };
    let mut dealt = vec![Confusion::new(3); speakers];
    for (truth, row) in counts.iter().enumerate() {
        let predictions = (0..3).flat_map(|predicted| vec![predicted; row[predicted] as usize]);
        for (number, predicted) in predictions.enumerate() {
            let speaker = (number / 2) % speakers;
            dealt[speaker].add(truth, predicted).expect("three classes");
        }
    }
    let named = dealt.into_iter().enumerate();
    named
        .map(|(number, counts)| (format!("{corpus}/{number}"), counts))
        .collect()
}

fn evaluation(corpora: &[(&str, Counts)]) -> Evaluation {
    let mut overall = Confusion::new(3);
    for (_, counts) in corpora {
        overall
            .merge(&metrics(*counts).confusion)
            .expect("three classes");
    }
    Evaluation {
        classes: ["positive", "neutral", "negative"].map(String::from).into(),
        corpora: corpora
            .iter()
            .map(|(name, counts)| (name.to_string(), metrics(*counts)))
            .collect(),
        speakers: corpora
            .iter()
            .map(|(name, counts)| (name.to_string(), speakers(name, counts)))
            .collect(),
        overall: Metrics::of(overall),
        targets: BTreeMap::new(),
        labels: BTreeMap::new(),
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_string()).collect()
}

fn entry(
    name: &str,
    method: Method,
    attributes: &[Attribute],
    training: &[&str],
    corpora: &[(&str, Counts)],
) -> ReportEntry {
    ReportEntry {
        model: ModelIdentity {
            name: name.to_string(),
            method: Some(method),
            attributes: attributes.iter().cloned().collect(),
            seed: Some(1),
            training_corpora: names(training),
        },
        evaluation: evaluation(corpora),
        leaks: Vec::new(),
        partitions: Vec::new(),
        epochs: 40,
        final_alpha: None,
        history: Vec::new(),
        axes: Vec::new(),
        folds: Vec::new(),
    }
}

fn history(uas: &[f64]) -> Vec<EpochPoint> {
    let mut best: f64 = 0.0;
    uas.iter()
        .enumerate()
        .map(|(epoch, &ua)| {
            let is_best = ua > best;
            best = best.max(ua);
            let loss = 1.1 / (1.0 + epoch as f64 / 10.0);
            EpochPoint {
                epoch,
                updates: 10 * (epoch + 1),
                alpha: epoch as f64 / 80.0,
                learning_rate: 0.002,
                train: EpochLosses {
                    total: loss,
                    emotion: loss,
                    targets: Vec::new(),
                    heads: Vec::new(),
                },
                gradient_norm: 1.0,
                validation: EpochScores {
                    ua: Some(ua),
                    recalls: vec![Some(ua); 3],
                    loss: Some(1.0),
                    targets: BTreeMap::new(),
                },
                best: is_best,
                device: None,
            }
        })
        .collect()
}

/// Two models on synthetic corpora, as the demo ends.
fn demo() -> Report {
    let training = ["synthetic_hall", "synthetic_office", "synthetic_studio"];
    let rise: Vec<f64> = (0..30)
        .map(|e| 0.33 + 0.45 * (f64::from(e) / 29.0))
        .collect();
    let mut baseline = entry(
        "baseline",
        Method::Baseline,
        &[],
        &training,
        &[
            ("synthetic_kitchen", [[13, 1, 4], [3, 8, 7], [10, 2, 42]]),
            ("synthetic_hall", [[5, 0, 1], [1, 9, 2], [2, 1, 15]]),
            ("synthetic_office", [[10, 1, 1], [1, 4, 1], [1, 1, 16]]),
            ("synthetic_studio", [[5, 1, 0], [1, 4, 1], [1, 0, 17]]),
        ],
    );
    baseline.history = history(&rise);
    let mut reversed = entry(
        "grad_reverse.corpus",
        Method::Gr,
        &[Attribute::Corpus],
        &training,
        &[
            ("synthetic_kitchen", [[15, 1, 2], [2, 12, 4], [6, 3, 45]]),
            ("synthetic_hall", [[5, 0, 1], [0, 10, 2], [2, 1, 15]]),
            ("synthetic_office", [[9, 2, 1], [1, 4, 1], [1, 1, 16]]),
            ("synthetic_studio", [[6, 0, 0], [1, 4, 1], [2, 0, 16]]),
        ],
    );
    reversed.history = history(&rise[..22]);
    Report {
        title: "demo".to_string(),
        entries: vec![baseline, reversed],
        notes: vec!["The speech is synthetic: results say nothing about real speech.".to_string()],
        ..Report::default()
    }
}

/// Models on a subset of the paper's corpora, two seeds, one of them collapsed.
fn open() -> Report {
    let training = ["ravdess", "emo_db", "emovo"];
    let good = [
        ("tess", [[402, 198, 200], [98, 205, 97], [402, 398, 800]]),
        (
            "crema_d",
            [[650, 300, 321], [290, 560, 237], [1271, 1200, 2613]],
        ),
    ];
    let better = [
        ("tess", [[460, 150, 190], [80, 240, 80], [402, 338, 860]]),
        (
            "crema_d",
            [[640, 310, 321], [290, 560, 237], [1271, 1250, 2563]],
        ),
    ];
    let constant = [
        ("tess", [[0, 0, 800], [0, 0, 400], [0, 0, 1600]]),
        ("crema_d", [[5, 0, 1266], [0, 2, 1085], [9, 0, 5075]]),
    ];
    let seeded = |mut entry: ReportEntry, seed| {
        entry.model.seed = Some(seed);
        entry.model.name = format!("{}.seed_{seed}", entry.model.name);
        entry
    };
    let baseline = |counts| entry("baseline", Method::Baseline, &[], &training, counts);
    let all = [
        Attribute::Corpus,
        Attribute::Speaker,
        Attribute::Gender,
        Attribute::Language,
    ];
    Report {
        title: "open: RAVDESS, Emo-DB and EMOVO against TESS and CREMA-D".to_string(),
        entries: vec![
            seeded(baseline(&good), 1),
            seeded(baseline(&better), 2),
            seeded(
                entry(
                    "gr.speaker",
                    Method::Gr,
                    &[Attribute::Speaker],
                    &training,
                    &better,
                ),
                1,
            ),
            seeded(
                entry(
                    "ad.corpus+speaker+gender+language",
                    Method::Ad,
                    &all,
                    &training,
                    &constant,
                ),
                2,
            ),
        ],
        notes: Vec::new(),
        ..Report::default()
    }
}

#[test]
fn reports_are_laid_out_as_they_were() {
    insta::assert_snapshot!("demo_terminal_80", demo().to_terminal(80, false));
    insta::assert_snapshot!("demo_markdown", demo().to_markdown());
    insta::assert_snapshot!("open_terminal_120", open().to_terminal(120, false));
    insta::assert_snapshot!("open_terminal_60", open().to_terminal(60, false));
    insta::assert_snapshot!("open_markdown", open().to_markdown());
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [40, 60, 72, 80, 100, 120, 200] {
        for report in [demo(), open()] {
            for line in report.to_terminal(width, false).lines() {
                assert!(line.chars().count() <= width, "{width}: {line:?}");
                assert_eq!(line, line.trim_end(), "no blanks at the end");
            }
        }
    }
    // Less than 40 columns is taken for 40.
    assert_eq!(demo().to_terminal(0, false), demo().to_terminal(40, false));
}

#[test]
fn colour_only_adds_escapes() {
    for report in [demo(), open()] {
        let plain = report.to_terminal(100, false);
        let coloured = report.to_terminal(100, true);
        assert!(!plain.contains('\x1b') && coloured.contains("\x1b[31m") == plain.contains('!'));
        let mut stripped = coloured;
        for code in ["0", "1", "2", "31", "32"] {
            stripped = stripped.replace(&format!("\x1b[{code}m"), "");
        }
        let trimmed: Vec<&str> = stripped.lines().map(str::trim_end).collect();
        assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
    }
}

#[test]
fn published_numbers_stand_only_beside_the_same_experiment() {
    let mut report = open();
    assert!(report.to_markdown().contains("49.48"));
    // A model that trained on TESS is another experiment.
    for entry in &mut report.entries {
        entry.model.training_corpora.insert("tess".to_string());
    }
    let text = report.to_markdown();
    assert!(!text.contains("49.48") && text.contains("52.21"), "{text}");
    // In domain needs exactly the paper's six corpora.
    let six = ["emovo", "emo_db", "iemocap", "epst", "ravdess", "savee"];
    let counts = [
        ("savee", [[5, 0, 1], [0, 5, 1], [1, 0, 9]]),
        ("emovo", [[6, 0, 1], [0, 3, 1], [1, 0, 9]]),
    ];
    let whole = entry("baseline", Method::Baseline, &[], &six, &counts);
    let mut part = whole.clone();
    let report = |entry: ReportEntry| Report {
        title: "t".to_string(),
        entries: vec![entry],
        notes: Vec::new(),
        ..Report::default()
    };
    part.model.training_corpora.remove("epst");
    assert!(report(whole.clone()).to_markdown().contains("59.32"));
    assert!(
        report(whole)
            .to_markdown()
            .contains("the paper's six corpora")
    );
    assert!(!report(part).to_markdown().contains("59.32"));
}

#[test]
fn empty_and_odd_reports_do_not_break() {
    let empty = Report::default();
    assert!(
        empty
            .to_terminal(80, false)
            .contains("no model was evaluated")
    );
    assert!(empty.to_markdown().contains("no model was evaluated"));
    let mut odd = demo();
    let classes = odd.entries[1].evaluation.classes.clone();
    odd.entries[1].evaluation = Evaluation::of(&classes, &[]).expect("valid");
    odd.entries[0].model.name = "evil | \u{1b}[2J\nname".to_string();
    odd.entries[0].evaluation.classes.clear();
    let terminal = odd.to_terminal(80, false);
    assert!(!terminal.contains('\u{1b}'));
    assert!(odd.to_markdown().contains("evil \\|"));
    assert!(!odd.to_markdown().contains('\u{1b}'));
}

#[test]
fn reports_survive_json() {
    let json = serde_json::to_string(&open()).expect("plain data");
    let back: Report = serde_json::from_str(&json).expect("the same");
    assert_eq!(back.to_markdown(), open().to_markdown());
}
