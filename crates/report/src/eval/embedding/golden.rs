//! Probes, silhouettes and maps against scikit-learn's (tests/golden/probe).

use pipe_foundation::Workers;
use serde::Deserialize;

use super::logistic::Logistic;
use super::{LogisticOptions, Points, Tsne, silhouettes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    points: Vec<Vec<f32>>,
    labels: Vec<usize>,
    fits: Vec<Fit>,
    two_classes: TwoClasses,
    silhouettes: Vec<Silhouette>,
    cloud: Vec<Vec<f32>>,
    clusters: Vec<usize>,
    perplexity: f64,
    divergence: f64,
    neighbours: usize,
    trustworthiness: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fit {
    c: f64,
    weights: Vec<Vec<f64>>,
    intercepts: Vec<f64>,
    probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwoClasses {
    rows: Vec<usize>,
    probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Silhouette {
    name: String,
    groups: Vec<usize>,
    value: f64,
}

fn golden() -> Golden {
    let text = include_str!("../../../tests/golden/probe/probe.json");
    serde_json::from_str(text).expect("golden numbers")
}

fn points(rows: &[Vec<f32>]) -> Points {
    Points::new(rows[0].len(), rows.concat()).expect("rows")
}

/// The largest difference from golden values.
fn farthest(found: &[f64], golden: &[f64]) -> f64 {
    assert_eq!(found.len(), golden.len());
    let pairs = found.iter().zip(golden);
    pairs
        .map(|(found, golden)| (found - golden).abs())
        .fold(0.0, f64::max)
}

#[test]
fn regressions_agree_with_scikit_learn() {
    let golden = golden();
    let points = points(&golden.points);
    for fit in &golden.fits {
        let options = LogisticOptions {
            c: fit.c,
            tolerance: 1e-7,
            ..LogisticOptions::default()
        };
        let found =
            Logistic::fit(&points, &golden.labels, 4, &options, &|| false).expect("not stopped");
        // Products are single precision: weights up to 2 in size agree to 1e-3, probabilities to 1e-4.
        let weights = farthest(&found.weights, &fit.weights.concat());
        assert!(weights < 1e-3, "C = {}: {weights}", fit.c);
        // Only differences of intercepts are determined; scikit-learn's sum to 0 as ours do.
        let intercepts = farthest(&found.intercepts, &fit.intercepts);
        assert!(intercepts < 1e-3, "C = {}: {intercepts}", fit.c);
        let probabilities = farthest(&found.probabilities(&points), &fit.probabilities.concat());
        assert!(probabilities < 1e-4, "C = {}: {probabilities}", fit.c);
        // The default tolerance is enough for what a probe reports.
        let options = LogisticOptions {
            c: fit.c,
            ..LogisticOptions::default()
        };
        let rough =
            Logistic::fit(&points, &golden.labels, 4, &options, &|| false).expect("not stopped");
        assert!(rough.converged);
        let probabilities = farthest(&rough.probabilities(&points), &fit.probabilities.concat());
        assert!(probabilities < 5e-3, "C = {}: {probabilities}", fit.c);
    }
}

/// With two classes scikit-learn fits one weight vector w and penalises |w|² / 2; two vectors ±w/2 would cost half of
/// that, so the same fit has half its C.
#[test]
fn two_classes_are_scikit_learns_binary_regression_at_half_its_c() {
    let golden = golden();
    let all = points(&golden.points);
    let points = all.select(&golden.two_classes.rows);
    let labels: Vec<usize> = golden
        .two_classes
        .rows
        .iter()
        .map(|&row| golden.labels[row] - 2)
        .collect();
    let options = LogisticOptions {
        c: 0.5,
        tolerance: 1e-7,
        ..LogisticOptions::default()
    };
    let found = Logistic::fit(&points, &labels, 2, &options, &|| false).expect("not stopped");
    let probabilities = farthest(
        &found.probabilities(&points),
        &golden.two_classes.probabilities.concat(),
    );
    assert!(probabilities < 1e-4, "{probabilities}");
}

#[test]
fn silhouettes_agree_with_scikit_learn() {
    let golden = golden();
    let points = points(&golden.points);
    let groupings: Vec<Vec<Option<usize>>> = golden
        .silhouettes
        .iter()
        .map(|case| case.groups.iter().copied().map(Some).collect())
        .collect();
    for threads in [1, 4] {
        let workers = Workers::new(threads).expect("threads");
        let found = silhouettes(&points, &groupings, &workers, &|| false).expect("not stopped");
        for (case, found) in golden.silhouettes.iter().zip(found) {
            let error = (found.expect("groups") - case.value).abs();
            assert!(error < 1e-6, "{}: {found:?} and {}", case.name, case.value);
        }
    }
}

#[test]
fn silhouettes_need_groups() {
    let points = Points::new(1, vec![1.0, 2.0, 5.0]).expect("rows");
    let workers = Workers::new(1).expect("threads");
    let groupings = [
        vec![Some(0), Some(0), Some(0)],
        vec![Some(0), Some(1), Some(2)],
        vec![None, None, None],
        vec![Some(0), Some(0), Some(1)],
    ];
    let found = silhouettes(&points, &groupings, &workers, &|| false).expect("not stopped");
    assert_eq!(found[..3], [None, None, None]);
    // (1: 1 and 4, 2: 1 and 3, alone)
    assert!((found[3].expect("two groups") - (0.75 + 2.0 / 3.0) / 3.0).abs() < 1e-6);
}

/// scikit-learn's `trustworthiness` (Venna and Kaski 2001).
fn trustworthiness(cloud: &Points, places: &[[f32; 2]], neighbours: usize) -> f64 {
    let n = cloud.rows();
    let order = |distance: &dyn Fn(usize) -> f64, own: usize| -> Vec<usize> {
        let mut others: Vec<usize> = (0..n).filter(|&j| j != own).collect();
        others.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        others
    };
    let mut penalty = 0.0;
    for i in 0..n {
        let far = |j: usize| -> f64 {
            let pairs = cloud.row(i).iter().zip(cloud.row(j));
            pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
        };
        let mut rank = vec![0; n];
        order(&far, i)
            .into_iter()
            .enumerate()
            .for_each(|(at, j)| rank[j] = at + 1);
        let near = |j: usize| -> f64 {
            (0..2)
                .map(|k| f64::from(places[i][k] - places[j][k]).powi(2))
                .sum()
        };
        for &j in order(&near, i).iter().take(neighbours) {
            penalty += rank[j].saturating_sub(neighbours) as f64;
        }
    }
    let (n, k) = (n as f64, neighbours as f64);
    1.0 - penalty * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0))
}

#[test]
fn a_map_is_as_good_as_scikit_learns() {
    let golden = golden();
    let cloud = points(&golden.cloud);
    let tsne = Tsne {
        perplexity: golden.perplexity,
        ..Tsne::default()
    };
    let workers = Workers::new(2).expect("threads");
    let map = tsne
        .map(&cloud, &workers, &|| false, &|_, _| ())
        .expect("enough points");
    // Minima are local: within 10 % of scikit-learn's divergence, and as true to neighbours within 0.01.
    let ratio = map.divergence / golden.divergence;
    assert!(
        (0.9..1.1).contains(&ratio),
        "{} and {}",
        map.divergence,
        golden.divergence
    );
    let trust = trustworthiness(&cloud, &map.places, golden.neighbours);
    assert!(
        trust > golden.trustworthiness - 0.01,
        "{trust} and {}",
        golden.trustworthiness
    );
    // Clusters stay apart: neighbours on the map share their cluster as often as neighbours in space, nearly.
    let groups: Vec<Option<usize>> = golden.clusters.iter().copied().map(Some).collect();
    let flat = Points::new(2, map.places.concat()).expect("rows");
    let apart = silhouettes(&flat, &[groups], &workers, &|| false).expect("not stopped")[0];
    assert!(apart.expect("groups") > 0.4, "{apart:?}");
}
