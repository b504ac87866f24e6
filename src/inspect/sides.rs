//! Predictions that changed sides: right before and wrong now, or the other way.

use std::collections::HashMap;

use pipe_report::eval::Prediction;
use serde::Serialize;

/// How a prediction changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It was right and is wrong.
    Lost,
    /// It was wrong and is right.
    Won,
    /// It was wrong and is wrong in another way.
    StillWrong,
}

/// One prediction that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideChange {
    /// The utterance.
    pub utterance: String,
    /// Its corpus.
    pub corpus: String,
    /// How it changed.
    pub side: Side,
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

/// All predictions of two evaluations side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sides {
    /// Utterances that both tested on.
    pub shared: usize,
    /// Utterances that only the earlier one tested on.
    pub only_before: usize,
    /// Utterances that only the later one tested on.
    pub only_after: usize,
    /// Utterances whose true class is another; they are not compared.
    pub relabelled: usize,
    /// Predictions that changed, those whose probability of the true class moved most first.
    pub changes: Vec<SideChange>,
}

impl Sides {
    /// Compares predictions by utterance; `classes` are the names of the classes of both.
    pub fn of(classes: &[String], before: &[Prediction], after: &[Prediction]) -> Self {
        let name = |class: usize| classes.get(class).cloned().unwrap_or_default();
        let mut earlier: HashMap<&str, &Prediction> = before
            .iter()
            .map(|prediction| (prediction.utterance.as_str(), prediction))
            .collect();
        let mut sides = Self::default();
        for now in after {
            let Some(then) = earlier.remove(now.utterance.as_str()) else {
                sides.only_after += 1;
                continue;
            };
            sides.shared += 1;
            if then.truth != now.truth {
                sides.relabelled += 1;
                continue;
            }
            let truth = now.truth;
            let side = match (then.predicted == truth, now.predicted == truth) {
                (true, false) => Side::Lost,
                (false, true) => Side::Won,
                (false, false) if then.predicted != now.predicted => Side::StillWrong,
                _ => continue,
            };
            let p = |prediction: &Prediction| {
                let own = prediction.probabilities.get(truth);
                own.copied().unwrap_or_default()
            };
            sides.changes.push(SideChange {
                utterance: now.utterance.clone(),
                corpus: now.corpus.clone(),
                side,
                truth: name(truth),
                before: name(then.predicted),
                after: name(now.predicted),
                p_before: p(then),
                p_after: p(now),
            });
        }
        sides.only_before = earlier.len();
        let moved = |change: &SideChange| (change.p_after - change.p_before).abs();
        sides.changes.sort_by(|a, b| {
            let by_move = moved(b).total_cmp(&moved(a));
            by_move.then_with(|| a.utterance.cmp(&b.utterance))
        });
        sides
    }

    /// How many predictions changed to this side.
    pub fn count(&self, side: Side) -> usize {
        let changes = self.changes.iter();
        changes.filter(|change| change.side == side).count()
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
        let classes = ["positive", "neutral", "negative"].map(String::from);
        let sides = Sides::of(&classes, &before, &after);
        let changes: Vec<(&str, Side)> = sides
            .changes
            .iter()
            .map(|change| (change.utterance.as_str(), change.side))
            .collect();
        assert_eq!(
            changes,
            [
                ("a/1", Side::Lost),
                ("a/2", Side::Won),
                ("a/3", Side::StillWrong)
            ]
        );
        assert_eq!((sides.shared, sides.relabelled), (5, 1));
        assert_eq!((sides.only_before, sides.only_after), (1, 1));
        let [first, ..] = &sides.changes[..] else {
            panic!("several")
        };
        assert_eq!(
            [&first.truth, &first.before, &first.after],
            ["positive", "positive", "negative"]
        );
        assert_eq!((first.p_before, first.p_after), (0.9, 0.1));
        assert!(Sides::of(&classes, &after, &after).changes.is_empty());
    }
}
