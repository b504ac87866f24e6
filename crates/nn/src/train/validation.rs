//! Scores of the network on the validation split.

use std::collections::BTreeMap;

use pipe_foundation::Agreement;
use pipe_foundation::FeaturesView;
use pipe_foundation::Workers;
use pipe_foundation::exact;

use crate::model::{EncoderPass, ModelError, Network, NumericTarget, Outputs, embed_all};

use super::{Example, TrainingData, ValidationScores};

/// What the network says of the examples, on the processor.
pub(super) fn outputs(
    network: &Network,
    examples: &[Example<'_>],
    pass: &mut EncoderPass,
    workers: &Workers,
) -> Result<Vec<Outputs>, ModelError> {
    network.pack(pass, workers);
    let views: Vec<FeaturesView<'_>> = examples.iter().map(|example| example.features).collect();
    let embeddings = embed_all(network, &views, pass, workers)?;
    Ok(network.outputs(&embeddings))
}

/// Recalls, unweighted accuracy and loss of the emotion head on the validation split, and how well numbers agree, in the
/// unit of the data.
pub(super) fn score(
    outputs: &[Outputs],
    units: &[NumericTarget],
    data: &TrainingData<'_>,
) -> ValidationScores {
    let truth = data.validation.iter().map(|example| example.class);
    let rows = outputs.iter().map(|output| output.probabilities.as_slice());
    let classes = outputs
        .first()
        .map_or(0, |output| output.probabilities.len());
    let mut scores = match classes {
        0 => ValidationScores::default(),
        classes => of_predictions(rows, truth, classes),
    };
    for (index, (unit, target)) in units.iter().zip(&data.targets).enumerate() {
        let pairs = outputs.iter().zip(&target.validation);
        let pairs: Vec<(f64, f64)> = pairs
            .filter_map(|(output, truth)| {
                Some((unit.value(*output.numbers.get(index)?), (*truth)?))
            })
            .collect();
        scores
            .targets
            .insert(unit.name.clone(), Agreement::of(&pairs));
    }
    scores
}

fn of_predictions<'a>(
    probabilities: impl Iterator<Item = &'a [f32]>,
    truth: impl Iterator<Item = Option<usize>>,
    classes: usize,
) -> ValidationScores {
    let mut right = vec![0usize; classes];
    let mut count = vec![0usize; classes];
    let mut loss = 0f64;
    let rows = probabilities.zip(truth);
    for (row, truth) in rows.filter_map(|(row, truth)| Some((row, truth?))) {
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
        ua: Some(present.iter().sum::<f64>() / present.len().max(1) as f64),
        recalls,
        loss: Some(loss / count.iter().sum::<usize>().max(1) as f64),
        targets: BTreeMap::new(),
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
        let rows = rows.iter().map(Vec::as_slice);
        let truth = [Some(0), Some(2), Some(2), Some(2)];
        let scores = of_predictions(rows.clone(), truth.into_iter(), 3);
        assert_eq!(scores.recalls, [Some(1.0), None, Some(2.0 / 3.0)]);
        assert!((scores.ua.unwrap() - 5.0 / 6.0).abs() < 1e-12);
        let expected = -(0.8f64.ln() + 0.5f64.ln() + 0.7f64.ln() + 0.2f64.ln()) / 4.0;
        assert!((scores.loss.unwrap() - expected).abs() < 1e-6);
        // A row whose class is not known does not count.
        let truth = [Some(0), None, Some(2), None];
        let scores = of_predictions(rows, truth.into_iter(), 3);
        assert_eq!(scores.recalls, [Some(1.0), None, Some(1.0)]);
        let expected = -(0.8f64.ln() + 0.7f64.ln()) / 2.0;
        assert!((scores.loss.unwrap() - expected).abs() < 1e-6);
    }
}
