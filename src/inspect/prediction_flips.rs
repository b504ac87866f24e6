//! Prediction flips: what two models predict differently for the same utterances.

use std::collections::HashMap;

use pipe_report::eval::{Prediction, Predictions};
use serde::Serialize;

/// How a prediction changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// It was right and is wrong.
    #[serde(rename = "lost")]
    RightToWrong,
    /// It was wrong and is right.
    #[serde(rename = "won")]
    WrongToRight,
    /// It was wrong and is wrong in another way.
    StillWrong,
}

/// One prediction that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictionFlip {
    /// The utterance.
    pub utterance: String,
    /// Its corpus.
    pub corpus: String,
    /// How it changed.
    #[serde(rename = "side")]
    pub flip: Flip,
    /// The true class.
    pub truth: String,
    /// What was predicted.
    pub before: String,
    /// What is predicted.
    pub after: String,
    /// Probability of the true class before.
    pub p_before: f32,
    /// Probability of the true class now.
    pub p_after: f32,
}

/// The predictions of two evaluations compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PredictionFlips {
    /// Utterances that both tested on.
    pub shared: usize,
    /// Utterances that only the earlier one tested on.
    pub only_before: usize,
    /// Utterances that only the later one tested on.
    pub only_after: usize,
    /// Utterances whose true class is another; they are not compared.
    pub relabelled: usize,
    /// Predictions that changed, those whose probability of the true class moved most first.
    #[serde(rename = "changes")]
    pub flips: Vec<PredictionFlip>,
}

impl PredictionFlips {
    /// Compares predictions by utterance, and classes by name.
    pub fn of(before: &Predictions, after: &Predictions) -> Self {
        let old = |class: usize| before.classes.get(class).map_or("", String::as_str);
        let new = |class: usize| after.classes.get(class).map_or("", String::as_str);
        let mut earlier: HashMap<&str, &Prediction> = before
            .rows
            .iter()
            .map(|prediction| (prediction.utterance.as_str(), prediction))
            .collect();
        let mut compared = Self::default();
        for now in &after.rows {
            let Some(then) = earlier.remove(now.utterance.as_str()) else {
                compared.only_after += 1;
                continue;
            };
            compared.shared += 1;
            let truth = new(now.truth);
            if old(then.truth) != truth {
                compared.relabelled += 1;
                continue;
            }
            let (was, is) = (old(then.predicted), new(now.predicted));
            let flip = match (was == truth, is == truth) {
                (true, false) => Flip::RightToWrong,
                (false, true) => Flip::WrongToRight,
                (false, false) if was != is => Flip::StillWrong,
                _ => continue,
            };
            let p = |prediction: &Prediction| {
                let own = prediction.probabilities.get(prediction.truth);
                own.copied().unwrap_or_default()
            };
            compared.flips.push(PredictionFlip {
                utterance: now.utterance.clone(),
                corpus: now.corpus.clone(),
                flip,
                truth: truth.to_owned(),
                before: was.to_owned(),
                after: is.to_owned(),
                p_before: p(then),
                p_after: p(now),
            });
        }
        compared.only_before = earlier.len();
        let moved = |flip: &PredictionFlip| (flip.p_after - flip.p_before).abs();
        compared.flips.sort_by(|a, b| {
            let by_move = moved(b).total_cmp(&moved(a));
            by_move.then_with(|| a.utterance.cmp(&b.utterance))
        });
        compared
    }

    /// How many predictions changed in this way.
    pub fn count(&self, flip: Flip) -> usize {
        self.flips.iter().filter(|one| one.flip == flip).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(utterance: &str, truth: usize, probabilities: [f32; 3]) -> Prediction {
        Prediction {
            utterance: utterance.into(),
            corpus: "a".into(),
            speaker: "a/1".into(),
            truth,
            predicted: pipe_report::eval::most_likely(&probabilities).unwrap(),
            label: None,
            probabilities: probabilities.into(),
        }
    }

    #[test]
    fn predictions_are_compared_by_utterance_whatever_their_order() {
        let before = [
            prediction("a/1", 0, [0.9, 0.1, 0.0]),
            prediction("a/2", 0, [0.1, 0.9, 0.0]),
            prediction("a/3", 0, [0.1, 0.9, 0.0]),
            prediction("a/4", 0, [0.9, 0.1, 0.0]),
            prediction("a/5", 0, [0.9, 0.1, 0.0]),
            prediction("a/gone", 0, [0.9, 0.1, 0.0]),
        ];
        let after = [
            prediction("a/new", 0, [0.9, 0.1, 0.0]),
            prediction("a/5", 1, [0.9, 0.1, 0.0]),
            prediction("a/4", 0, [0.8, 0.2, 0.0]),
            prediction("a/3", 0, [0.1, 0.0, 0.9]),
            prediction("a/2", 0, [0.6, 0.4, 0.0]),
            prediction("a/1", 0, [0.1, 0.1, 0.8]),
        ];
        let table = |rows: [Prediction; 6]| Predictions {
            classes: ["positive", "neutral", "negative"].map(String::from).into(),
            rows: rows.into(),
        };
        let (before, after) = (table(before), table(after));
        let compared = PredictionFlips::of(&before, &after);
        let flips: Vec<(&str, Flip)> = compared
            .flips
            .iter()
            .map(|flip| (flip.utterance.as_str(), flip.flip))
            .collect();
        assert_eq!(
            flips,
            [
                ("a/1", Flip::RightToWrong),
                ("a/2", Flip::WrongToRight),
                ("a/3", Flip::StillWrong)
            ]
        );
        assert_eq!((compared.shared, compared.relabelled), (5, 1));
        assert_eq!((compared.only_before, compared.only_after), (1, 1));
        let [first, ..] = &compared.flips[..] else {
            panic!("several")
        };
        assert_eq!(
            [&first.truth, &first.before, &first.after],
            ["positive", "positive", "negative"]
        );
        assert_eq!((first.p_before, first.p_after), (0.9, 0.1));
        assert!(PredictionFlips::of(&after, &after).flips.is_empty());
    }
}
