//! Scores of the network on the validation split.

use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;
use pipe_foundation::exact;

use crate::model::{EncoderPass, ModelError, Network, embed_all};

use super::{Example, TrainingData, ValidationScores};

/// Emotion probabilities of the examples, on the processor.
pub(super) fn classify(
    network: &Network,
    examples: &[Example<'_>],
    pass: &mut EncoderPass,
    workers: &Workers,
) -> Result<Vec<Vec<f32>>, ModelError> {
    network.pack(pass, workers);
    let views: Vec<FeaturesView<'_>> = examples.iter().map(|example| example.features).collect();
    let embeddings = embed_all(network, &views, pass, workers)?;
    Ok(network.classify(&embeddings))
}

/// Recalls, unweighted accuracy and loss of the emotion head on the validation split.
pub(super) fn score(probabilities: &[Vec<f32>], data: &TrainingData<'_>) -> ValidationScores {
    let truth = data.validation.iter().map(|example| example.class);
    of_predictions(probabilities, truth, data.classes.len())
}

fn of_predictions(
    probabilities: &[Vec<f32>],
    truth: impl Iterator<Item = usize>,
    classes: usize,
) -> ValidationScores {
    let mut right = vec![0usize; classes];
    let mut count = vec![0usize; classes];
    let mut loss = 0f64;
    for (row, truth) in probabilities.iter().zip(truth) {
        let mut named = 0;
        for (index, p) in row.iter().enumerate() {
            if *p > row[named] {
                named = index;
            }
        }
        count[truth] += 1;
        right[truth] += usize::from(named == truth);
        loss -= exact::ln(f64::from(row[truth].max(f32::MIN_POSITIVE)));
    }
    let recalls: Vec<Option<f64>> = (right.iter().zip(&count))
        .map(|(&right, &count)| (count > 0).then(|| right as f64 / count as f64))
        .collect();
    let present: Vec<f64> = recalls.iter().flatten().copied().collect();
    ValidationScores {
        ua: present.iter().sum::<f64>() / present.len().max(1) as f64,
        recalls,
        loss: loss / probabilities.len().max(1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ua_is_the_mean_recall_of_the_classes_that_occur() {
        let rows = [
            [0.8, 0.1, 0.1],
            [0.2, 0.3, 0.5],
            [0.1, 0.2, 0.7],
            [0.6, 0.2, 0.2],
        ];
        let rows = rows.map(Vec::from);
        let scores = of_predictions(&rows, [0, 2, 2, 2].into_iter(), 3);
        assert_eq!(scores.recalls, [Some(1.0), None, Some(2.0 / 3.0)]);
        assert!((scores.ua - 5.0 / 6.0).abs() < 1e-12);
        let expected = -(0.8f64.ln() + 0.5f64.ln() + 0.7f64.ln() + 0.2f64.ln()) / 4.0;
        assert!((scores.loss - expected).abs() < 1e-6);
    }
}
