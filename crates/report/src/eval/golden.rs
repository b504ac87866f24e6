//! Metrics against scikit-learn's (tests/golden/metrics), statistics against SciPy, statsmodels and a bootstrap in
//! NumPy (tests/golden/statistics).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::student::{LEAST_FOR_INTERVAL, t_quantile_975, t_two_sided};
use super::{
    Confusion, Metrics, SpeakerBootstrap, SpeakerHits, SpeakerSet, compare, holm, jackknife, mean,
    mean_interval,
};

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

#[derive(Deserialize)]
struct Statistics {
    t: Vec<TCase>,
    means: Vec<MeanCase>,
    holm: Vec<HolmCase>,
    speakers: Vec<SpeakerCase>,
}

#[derive(Deserialize)]
struct TCase {
    df: f64,
    t: f64,
    p: f64,
    quantile: f64,
}

#[derive(Deserialize)]
struct MeanCase {
    values: Vec<f64>,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct HolmCase {
    p: Vec<f64>,
    corrected: Vec<f64>,
}

#[derive(Deserialize)]
struct SpeakerCase {
    name: String,
    corpora: Vec<String>,
    support: Vec<Vec<u64>>,
    ours: Vec<Vec<Vec<u64>>>,
    theirs: Vec<Vec<Vec<u64>>>,
    ua: f64,
    low: f64,
    high: f64,
    comparison: Option<ComparisonCase>,
    /// `scipy.stats.bootstrap(method="percentile")`, where SciPy can compute it.
    percentile: Option<[f64; 2]>,
}

#[derive(Deserialize)]
struct ComparisonCase {
    difference: f64,
    standard_error: f64,
    degrees_of_freedom: f64,
    low: f64,
    high: f64,
    p: f64,
}

fn statistics() -> Statistics {
    serde_json::from_str(include_str!(
        "../../tests/golden/statistics/statistics.json"
    ))
    .expect("golden numbers")
}

/// Equal up to 1e-9, relative to the larger of the two or, near 0, to 1e-3.
fn close(found: f64, golden: f64) -> bool {
    (found - golden).abs() <= 1e-9 * golden.abs().max(1e-3)
}

#[test]
fn students_t_agrees_with_scipy() {
    let golden = statistics();
    for TCase { df, t, p, quantile } in golden.t {
        let found = t_two_sided(t, df);
        assert!(
            (found - p).abs() <= 1e-9 * p + 1e-14,
            "p of {t} with {df}: {found} {p}"
        );
        assert!(close(t_two_sided(-t, df), found));
        let found = t_quantile_975(df);
        assert!(
            close(found, quantile),
            "quantile with {df}: {found} {quantile}"
        );
    }
    for case in golden.means {
        let Some(found) = mean_interval(&case.values) else {
            assert!(case.values.len() < LEAST_FOR_INTERVAL, "{:?}", case.values);
            continue;
        };
        assert!(
            close(found.low, case.low) && close(found.high, case.high),
            "{found:?}"
        );
    }
    // scipy.stats.t.interval(0.95, 1, 0.5, 0.1) is cut to 0..=1: it says nothing.
    assert_eq!(mean_interval(&[0.4, 0.6]), None);
    assert_eq!(mean_interval(&[0.5]), None);
}

#[test]
fn holms_correction_agrees_with_statsmodels() {
    for case in statistics().holm {
        let found = holm(&case.p);
        assert_eq!(found.len(), case.corrected.len());
        for (found, golden) in found.iter().zip(&case.corrected) {
            assert!(close(*found, *golden), "{found} {golden}");
        }
    }
}

/// Speakers of one model: right utterances on the diagonal, all others in the next class.
fn speakers(case: &SpeakerCase, hits: &[Vec<Vec<u64>>], model: usize) -> (SpeakerSet, SpeakerHits) {
    let mut corpora: BTreeMap<&str, BTreeMap<String, Confusion>> = BTreeMap::new();
    for (number, corpus) in case.corpora.iter().enumerate() {
        let mut rows = vec![vec![0; 3]; 3];
        for (class, row) in rows.iter_mut().enumerate() {
            let right = hits[number][model][class];
            row[class] = right;
            row[(class + 1) % 3] = case.support[number][class] - right;
        }
        let confusion = Confusion::from_rows(&rows).expect("square");
        corpora
            .entry(corpus)
            .or_default()
            .insert(format!("{number:03}"), confusion);
    }
    SpeakerSet::of(corpora.iter().map(|(name, speakers)| (*name, speakers)))
}

/// UA of a model on all speakers.
fn ua(set: &SpeakerSet, hits: &SpeakerHits) -> f64 {
    let sum = |rows: &[Vec<u64>], class: usize| rows.iter().map(|row| row[class]).sum::<u64>();
    let recall = |class| sum(&hits.0, class) as f64 / sum(&set.support, class) as f64;
    let recalls: Vec<f64> = (0..set.occurring()).map(recall).collect();
    mean(&recalls).expect("not empty")
}

#[test]
fn intervals_and_comparisons_agree_with_numpy() {
    let cases = statistics().speakers;
    assert!(cases.len() > 5);
    for case in &cases {
        let name = &case.name;
        let all = |hits: &[Vec<Vec<u64>>]| -> Vec<(SpeakerSet, SpeakerHits)> {
            (0..hits[0].len())
                .map(|model| speakers(case, hits, model))
                .collect()
        };
        let (ours, theirs) = (all(&case.ours), all(&case.theirs));
        let set = &ours[0].0;
        let uas = |models: &[(SpeakerSet, SpeakerHits)]| -> Vec<f64> {
            models.iter().map(|(set, hits)| ua(set, hits)).collect()
        };
        let (our_uas, their_uas) = (uas(&ours), uas(&theirs));
        let ua = our_uas.iter().sum::<f64>() / our_uas.len() as f64;
        assert!(close(ua, case.ua), "{name}: {ua} {}", case.ua);
        let ours: Vec<&SpeakerHits> = ours.iter().map(|(_, hits)| hits).collect();
        let theirs: Vec<&SpeakerHits> = theirs.iter().map(|(_, hits)| hits).collect();
        let bootstrap = SpeakerBootstrap::new(name, set).expect("enough speakers");
        let found = bootstrap.interval(&ours).expect("models");
        assert!(
            (found.low - case.low).abs() < TOLERANCE,
            "{name}: {found:?} {}",
            case.low
        );
        assert!(
            (found.high - case.high).abs() < TOLERANCE,
            "{name}: {found:?} {}",
            case.high
        );
        if let Some([low, high]) = case.percentile {
            // The plain interval lies within ours: by little where there are many speakers.
            let wider = (found.high - found.low) / (high - low);
            let most = if case.corpora.len() > 50 { 1.05 } else { 1.3 };
            assert!((0.97..most).contains(&wider), "{name}: {wider}");
        }
        let variance = jackknife(set, &ours, &theirs);
        let Some(golden) = &case.comparison else {
            continue;
        };
        let found = compare(&our_uas, &their_uas, variance).expect("comparable");
        for (what, found, golden) in [
            ("difference", found.difference, golden.difference),
            (
                "standard error",
                found.standard_error,
                golden.standard_error,
            ),
            (
                "degrees of freedom",
                found.degrees_of_freedom,
                golden.degrees_of_freedom,
            ),
            ("low", found.interval.low, golden.low),
            ("high", found.interval.high, golden.high),
            ("p", found.p, golden.p),
        ] {
            assert!(close(found, golden), "{what} of {name}: {found} {golden}");
        }
    }
}

/// Monte-Carlo error of 10,000 draws (see the script).
const TOLERANCE: f64 = 0.004;
