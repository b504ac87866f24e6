//! Snapshots of whole reports.

use std::collections::BTreeSet;

use super::*;
use crate::eval::{Confusion, Evaluation, Metrics};
use crate::progress::EpochReport;

type Counts = [[u64; 3]; 3];

fn metrics(counts: Counts) -> Metrics {
    let rows: Vec<Vec<u64>> = counts.iter().map(|row| row.to_vec()).collect();
    Metrics::of(Confusion::from_rows(&rows).expect("square"))
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
            .map(|(name, _)| (name.to_string(), 2))
            .collect(),
        overall: Metrics::of(overall),
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
        name: name.to_string(),
        method: Some(method),
        attributes: attributes.iter().copied().collect(),
        seed: Some(1),
        training_corpora: names(training),
        evaluation: evaluation(corpora),
        history: Vec::new(),
    }
}

fn history(uas: &[f64]) -> Vec<EpochReport> {
    let mut best: f64 = 0.0;
    uas.iter()
        .enumerate()
        .map(|(epoch, &ua)| {
            best = best.max(ua);
            EpochReport {
                epoch,
                epochs: 40,
                loss: 1.1 / (1.0 + epoch as f64 / 10.0),
                validation_ua: ua,
                best_ua: best,
                seconds: 0.75,
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
        entry.seed = Some(seed);
        entry.name = format!("{}.seed_{seed}", entry.name);
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
    }
}

#[test]
#[ignore = "prints, for looking at"]
fn look() {
    for report in [demo(), open()] {
        let width = std::env::var("COLUMNS")
            .ok()
            .and_then(|c| c.parse().ok())
            .unwrap_or(80);
        println!("{}", report.to_terminal(width, true));
    }
}

#[test]
#[ignore = "prints, for looking at"]
fn look_markdown() {
    for report in [demo(), open()] {
        println!("{}", report.to_markdown());
    }
}
