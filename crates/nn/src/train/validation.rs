//! Scores of the network on the validation split.

use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;
use pipe_foundation::exact;

use super::labels::class;
use super::{Example, ValidationScores};
use crate::model::{EncoderPass, ModelError, Network, embed_all};

/// Emotion probabilities of the examples, on the processor.
pub(super) fn classify(
    network: &Network,
    examples: &[Example<'_>],
    pass: &mut EncoderPass,
    workers: &Workers,
) -> Result<Vec<[f32; 3]>, ModelError> {
    network.pack(pass, workers);
    let views: Vec<FeaturesView<'_>> = examples.iter().map(|example| example.features).collect();
    let embeddings = embed_all(network, &views, pass, workers)?;
    Ok(network.classify(&embeddings))
}

/// Recalls, unweighted accuracy and loss of the emotion head.
pub(super) fn score(probabilities: &[[f32; 3]], examples: &[Example<'_>]) -> ValidationScores {
    let truth = examples
        .iter()
        .map(|example| class(example.utterance.emotion));
    of_predictions(probabilities, truth)
}

fn of_predictions(
    probabilities: &[[f32; 3]],
    truth: impl Iterator<Item = usize>,
) -> ValidationScores {
    let mut right = [0usize; 3];
    let mut count = [0usize; 3];
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
    let recalls = std::array::from_fn(|index| {
        (count[index] > 0).then(|| right[index] as f64 / count[index] as f64)
    });
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
        let scores = of_predictions(&rows, [0, 2, 2, 2].into_iter());
        assert_eq!(scores.recalls, [Some(1.0), None, Some(2.0 / 3.0)]);
        assert!((scores.ua - 5.0 / 6.0).abs() < 1e-12);
        let expected = -(0.8f64.ln() + 0.5f64.ln() + 0.7f64.ln() + 0.2f64.ln()) / 4.0;
        assert!((scores.loss - expected).abs() < 1e-6);
    }
}
