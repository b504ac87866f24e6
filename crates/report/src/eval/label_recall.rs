//! Recalls of the labels as corpora write them, where a class holds several.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EvalError, Prediction};

/// How well one label of one corpus is recognised as its class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelRecall {
    /// The class that the label counts as.
    pub class: String,
    /// Utterances with the label.
    pub utterances: u64,
    /// Those that were predicted as its class.
    pub hits: u64,
}

/// For each corpus and label, how well it is recognised. Predictions without a label count for none.
///
/// # Errors
/// [`EvalError::NoSuchClass`] where a prediction is not one over `classes`.
pub fn label_recalls(
    classes: &[String],
    predictions: &[Prediction],
) -> Result<BTreeMap<String, BTreeMap<String, LabelRecall>>, EvalError> {
    let mut corpora: BTreeMap<String, BTreeMap<String, LabelRecall>> = BTreeMap::new();
    for prediction in predictions {
        prediction.check(classes.len())?;
        let Some(label) = &prediction.label else {
            continue;
        };
        let own = corpora.entry(prediction.corpus.clone()).or_default();
        let recall = own.entry(label.clone()).or_default();
        recall.class.clone_from(&classes[prediction.truth]);
        recall.utterances += 1;
        recall.hits += u64::from(prediction.predicted == prediction.truth);
    }
    Ok(corpora)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_counted_by_corpus() {
        let prediction = |corpus: &str, label: &str, truth, predicted| Prediction {
            utterance: String::new(),
            corpus: corpus.into(),
            speaker: String::new(),
            truth,
            predicted,
            label: (!label.is_empty()).then(|| label.to_owned()),
            probabilities: vec![0.5, 0.5],
        };
        let predictions = [
            prediction("a", "joy", 0, 0),
            prediction("a", "joy", 0, 1),
            prediction("a", "pride", 0, 0),
            prediction("a", "", 0, 0),
            prediction("b", "joy", 1, 1),
        ];
        let classes = ["high", "low"].map(String::from);
        let found = label_recalls(&classes, &predictions).expect("valid");
        let of = |corpus: &str, label: &str| {
            let LabelRecall {
                class,
                utterances,
                hits,
            } = found[corpus][label].clone();
            (class, utterances, hits)
        };
        assert_eq!(of("a", "joy"), ("high".into(), 2, 1));
        assert_eq!(of("a", "pride"), ("high".into(), 1, 1));
        assert_eq!(of("b", "joy"), ("low".into(), 1, 1));
    }
}
