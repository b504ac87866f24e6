//! The metrics of one model on its test corpora.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Confusion, EvalError, LabelRecall, Metrics, Prediction, TargetMetrics};

/// Metrics per corpus and over all utterances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Names of the classes in the order of every matrix.
    pub classes: Vec<String>,
    /// Metrics of each corpus by name.
    pub corpora: BTreeMap<String, Metrics>,
    /// Counts of each speaker of each corpus: corpus, speaker, matrix.
    pub speakers: BTreeMap<String, BTreeMap<String, Confusion>>,
    /// Metrics of all utterances together; large corpora weigh more.
    pub overall: Metrics,
    /// How well each numeric target is predicted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, TargetMetrics>,
    /// For each corpus and label as it writes them, how well it is recognised; empty where labels were not kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, BTreeMap<String, LabelRecall>>,
}

impl Evaluation {
    /// Counts predictions over `classes`, the names of two or more classes.
    ///
    /// # Errors
    /// [`EvalError::Duplicate`] where an utterance occurs twice, [`EvalError::NotFinite`] where a
    /// probability is not a finite number, [`EvalError::NoSuchClass`] and [`EvalError::ProbabilityCount`] where a
    /// prediction is not one over these classes.
    pub fn of(classes: &[String], predictions: &[Prediction]) -> Result<Self, EvalError> {
        let mut seen = BTreeSet::new();
        let mut speakers: BTreeMap<String, BTreeMap<String, Confusion>> = BTreeMap::new();
        let mut counts: BTreeMap<String, Confusion> = BTreeMap::new();
        let mut overall = Confusion::new(classes.len());
        for prediction in predictions {
            let utterance = || prediction.utterance.clone();
            if !seen.insert(prediction.utterance.as_str()) {
                return Err(EvalError::Duplicate {
                    utterance: utterance(),
                });
            }
            if !prediction.probabilities.iter().all(|p| p.is_finite()) {
                return Err(EvalError::NotFinite {
                    utterance: utterance(),
                    probabilities: prediction.probabilities.clone(),
                });
            }
            prediction.check(classes.len())?;
            let corpus = counts
                .entry(prediction.corpus.clone())
                .or_insert_with(|| Confusion::new(classes.len()));
            let (truth, predicted) = (prediction.truth, prediction.predicted);
            corpus.add(truth, predicted)?;
            overall.add(truth, predicted)?;
            speakers
                .entry(prediction.corpus.clone())
                .or_default()
                .entry(prediction.speaker.clone())
                .or_insert_with(|| Confusion::new(classes.len()))
                .add(truth, predicted)?;
        }
        Ok(Self {
            classes: classes.to_vec(),
            corpora: counts
                .into_iter()
                .map(|(corpus, confusion)| (corpus, Metrics::of(confusion)))
                .collect(),
            speakers,
            overall: Metrics::of(overall),
            targets: BTreeMap::new(),
            labels: BTreeMap::new(),
        })
    }

    /// The corpora on which classes or numbers were predicted.
    pub fn tested_corpora(&self) -> BTreeSet<&String> {
        let of_targets = self.targets.values();
        let of_targets = of_targets.flat_map(|metrics| metrics.corpora.keys());
        self.corpora.keys().chain(of_targets).collect()
    }

    /// Number of speakers of a corpus; 0 where it was not tested on.
    pub fn speaker_count(&self, corpus: &str) -> usize {
        self.speakers.get(corpus).map_or(0, BTreeMap::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(number: usize, corpus: &str, truth: usize, predicted: usize) -> Prediction {
        Prediction {
            utterance: format!("{corpus}/{number}"),
            corpus: corpus.to_string(),
            speaker: format!("{corpus}/{}", number % 2),
            truth,
            predicted,
            label: None,
            probabilities: vec![0.3, 0.3, 0.4],
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    fn three() -> Vec<String> {
        names(&["positive", "neutral", "negative"])
    }

    #[test]
    fn corpora_are_apart_and_together() {
        let predictions = [
            prediction(0, "a", 0, 0),
            prediction(1, "a", 1, 2),
            prediction(0, "b", 2, 2),
        ];
        let evaluation = Evaluation::of(&three(), &predictions).expect("valid");
        assert_eq!(evaluation.classes, ["positive", "neutral", "negative"]);
        assert_eq!(evaluation.corpora["a"].ua, Some(0.5));
        assert_eq!(evaluation.corpora["b"].ua, Some(1.0));
        assert_eq!(evaluation.overall.ua, Some(2.0 / 3.0));
        assert_eq!(evaluation.speaker_count("a"), 2);
        assert_eq!(evaluation.speaker_count("c"), 0);
        for (corpus, speakers) in &evaluation.speakers {
            let mut sum = Confusion::new(3);
            for confusion in speakers.values() {
                sum.merge(confusion).expect("the same classes");
            }
            assert_eq!(sum, evaluation.corpora[corpus].confusion);
        }
        let json = serde_json::to_string(&evaluation).expect("plain data");
        let back: Evaluation = serde_json::from_str(&json).expect("the same");
        assert_eq!(back, evaluation);
    }

    #[test]
    fn duplicates_and_diverged_models_are_errors() {
        let mut predictions = [prediction(0, "a", 0, 0), prediction(0, "a", 0, 0)];
        assert!(matches!(
            Evaluation::of(&three(), &predictions),
            Err(EvalError::Duplicate { .. })
        ));
        predictions[0].probabilities[1] = f32::NAN;
        assert!(matches!(
            Evaluation::of(&three(), &predictions),
            Err(EvalError::NotFinite { .. })
        ));
        let none = Evaluation::of(&three(), &[]).expect("valid");
        assert_eq!(none.overall.ua, None);
    }

    #[test]
    fn classes_are_those_of_the_caller() {
        let mut prediction = prediction(0, "a", 1, 0);
        let two = names(&["calm", "tense"]);
        let found = Evaluation::of(&two, std::slice::from_ref(&prediction));
        assert!(matches!(
            found,
            Err(EvalError::ProbabilityCount { found: 3, .. })
        ));
        prediction.probabilities.pop();
        let found = Evaluation::of(&two, std::slice::from_ref(&prediction)).expect("valid");
        assert_eq!(found.classes, two);
        assert_eq!(found.overall.confusion.classes(), 2);
        prediction.truth = 2;
        assert!(matches!(
            Evaluation::of(&two, &[prediction]),
            Err(EvalError::NoSuchClass { class: 2, .. })
        ));
    }
}
