//! Metrics that follow from a confusion matrix.

use serde::{Deserialize, Serialize};

use super::interval::mean_of_proportions;
use super::{Confusion, Interval};

/// Share of all predictions in one class from which a classifier can count as collapsed.
const COLLAPSE_SHARE: f64 = 0.95;
/// Mean recall of all other classes below which it does.
const COLLAPSE_RECALL: f64 = 0.10;

/// Metrics of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Utterances of this true class.
    pub support: u64,
    /// Utterances predicted as this class.
    pub predicted: u64,
    /// Part of its utterances that were found; none where it does not occur.
    pub recall: Option<f64>,
    /// Part of its predictions that were right; none where it was never predicted.
    pub precision: Option<f64>,
    /// Harmonic mean of precision and recall, 2 hits / (support + predicted); none where both are 0.
    pub f1: Option<f64>,
}

/// What always predicting the most frequent true class would reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Majority {
    /// The class; the first of equally frequent ones.
    pub class: usize,
    /// Its accuracy (WA).
    pub wa: f64,
    /// Its unweighted accuracy: that of every constant prediction, [`Metrics::chance_ua`].
    pub ua: f64,
}

/// Metrics of one set of predictions. Proportions lie in 0..=1; all are none for an empty set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Number of utterances.
    pub utterances: u64,
    /// Unweighted accuracy: the mean recall of the classes that occur.
    pub ua: Option<f64>,
    /// Binomial standard error of the UA: sqrt(sum r (1 - r) / n) / classes that occur.
    pub ua_standard_error: Option<f64>,
    /// 95 % confidence interval of the UA (Zou and Donner 2008), with utterances taken as independent.
    pub ua_interval: Option<Interval>,
    /// Weighted accuracy: the part of all utterances that were right.
    pub wa: Option<f64>,
    /// Mean F1 of the classes that occur or were predicted.
    pub macro_f1: Option<f64>,
    /// UA of every predictor that ignores its input: 1 / classes that occur.
    pub chance_ua: Option<f64>,
    /// The best constant prediction.
    pub majority: Option<Majority>,
    /// (Nearly) everything was predicted as one class.
    ///
    /// True where at least two classes occur, one class takes at least 95 % of all predictions, and the mean recall of
    /// the other classes that occur is below 10 %.
    pub collapsed: bool,
    /// Metrics of each class, in the order of the confusion matrix.
    pub classes: Vec<ClassMetrics>,
    /// Counts `[true][predicted]`.
    pub confusion: Confusion,
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

impl Metrics {
    /// All metrics of a confusion matrix.
    ///
    /// Agrees with scikit-learn: UA is `balanced_accuracy_score`, which is `recall_score(average="macro",
    /// labels=<classes that occur>)`. Without `labels`, `recall_score` also averages over classes that were
    /// only predicted and counts their recall as 0; UA does not. WA is `accuracy_score`; per-class numbers
    /// are `precision_recall_fscore_support` with `zero_division=nan`; macro F1 is `f1_score(average="macro")`.
    pub fn of(confusion: Confusion) -> Self {
        let truths = confusion.truths();
        let predictions = confusion.predictions();
        let hits = confusion.hits();
        let total = confusion.total();
        let classes: Vec<ClassMetrics> = truths
            .iter()
            .zip(&predictions)
            .zip(&hits)
            .map(|((&support, &predicted), &hits)| ClassMetrics {
                support,
                predicted,
                recall: ratio(hits, support),
                precision: ratio(hits, predicted),
                f1: ratio(2 * hits, support + predicted),
            })
            .collect();
        let occurring: Vec<(u64, u64)> = hits
            .iter()
            .zip(&truths)
            .filter(|&(_, &support)| support > 0)
            .map(|(&hits, &support)| (hits, support))
            .collect();
        let recalls: Vec<f64> = classes.iter().filter_map(|class| class.recall).collect();
        let f1s: Vec<f64> = classes.iter().filter_map(|class| class.f1).collect();
        let variance: f64 = occurring
            .iter()
            .map(|&(hits, support)| {
                let recall = hits as f64 / support as f64;
                recall * (1.0 - recall) / support as f64
            })
            .sum();
        let chance_ua = ratio(1, occurring.len() as u64);
        Self {
            utterances: total,
            ua: mean(&recalls),
            ua_standard_error: chance_ua.map(|share| variance.sqrt() * share),
            ua_interval: mean_of_proportions(&occurring),
            wa: ratio(hits.iter().sum(), total),
            macro_f1: mean(&f1s),
            chance_ua,
            majority: majority(&truths, total, chance_ua),
            collapsed: collapsed(&classes, total),
            classes,
            confusion,
        }
    }
}

/// Index of the largest count, the first of equal ones.
fn largest(counts: impl Iterator<Item = u64>) -> Option<(usize, u64)> {
    counts
        .enumerate()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
}

fn majority(truths: &[u64], total: u64, chance_ua: Option<f64>) -> Option<Majority> {
    let (class, count) = largest(truths.iter().copied())?;
    Some(Majority {
        class,
        wa: ratio(count, total)?,
        ua: chance_ua?,
    })
}

fn collapsed(classes: &[ClassMetrics], total: u64) -> bool {
    let Some((favourite, count)) = largest(classes.iter().map(|class| class.predicted)) else {
        return false;
    };
    let occurring = classes.iter().filter(|class| class.support > 0).count();
    let others: Vec<f64> = classes
        .iter()
        .enumerate()
        .filter(|&(class, _)| class != favourite)
        .filter_map(|(_, metrics)| metrics.recall)
        .collect();
    occurring >= 2
        && count as f64 >= COLLAPSE_SHARE * total as f64
        && mean(&others).is_some_and(|recall| recall < COLLAPSE_RECALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(rows: [[u64; 3]; 3]) -> Metrics {
        let rows: Vec<Vec<u64>> = rows.iter().map(|row| row.to_vec()).collect();
        Metrics::of(Confusion::from_rows(&rows).expect("square"))
    }

    #[test]
    fn standard_errors_are_those_of_the_test_corpora() {
        // One UA near 50 % has a standard error of 1.1 points on TESS (800, 400, 1,600 utterances) and 0.7
        // on CREMA-D (1,271, 1,087, 5,084).
        let tess = metrics([[400, 200, 200], [100, 200, 100], [400, 400, 800]]);
        assert!((tess.ua_standard_error.expect("not empty") - 0.0110).abs() < 5e-4);
        let crema = metrics([[636, 300, 335], [300, 544, 243], [1271, 1271, 2542]]);
        assert!((crema.ua_standard_error.expect("not empty") - 0.0073).abs() < 5e-4);
    }

    #[test]
    fn nothing_has_no_metrics() {
        let empty = metrics([[0; 3]; 3]);
        assert_eq!(
            (empty.ua, empty.wa, empty.majority.clone()),
            (None, None, None)
        );
        assert!(!empty.collapsed);
        assert!(!Metrics::of(Confusion::new(0)).collapsed);
    }

    #[test]
    fn collapse_is_flagged_and_imbalance_is_not() {
        assert!(metrics([[0, 0, 50], [0, 0, 30], [0, 0, 20]]).collapsed);
        // 4 of 100 predictions elsewhere, without finding the other classes.
        assert!(metrics([[2, 0, 48], [0, 1, 29], [1, 0, 19]]).collapsed);
        // A right classifier on a corpus of 97 % one class.
        assert!(!metrics([[2, 0, 0], [0, 1, 0], [0, 0, 97]]).collapsed);
        // 90 % of predictions in one class is bad, but not one class alone.
        assert!(!metrics([[5, 0, 45], [0, 5, 25], [0, 0, 20]]).collapsed);
        // One true class: nothing to collapse from.
        assert!(!metrics([[0, 0, 0], [0, 0, 0], [0, 0, 9]]).collapsed);
        // All predictions in a class that does not occur.
        assert!(metrics([[0, 0, 5], [0, 0, 5], [0, 0, 0]]).collapsed);
        // One sample, wrongly predicted: one class occurs.
        assert!(!metrics([[0, 1, 0], [0, 0, 0], [0, 0, 0]]).collapsed);
    }

    #[test]
    fn equal_majorities_take_the_first_class() {
        let tied = metrics([[1, 1, 0], [2, 0, 0], [0, 0, 1]])
            .majority
            .expect("not empty");
        assert_eq!((tied.class, tied.wa, tied.ua), (0, 0.4, 1.0 / 3.0));
    }
}
