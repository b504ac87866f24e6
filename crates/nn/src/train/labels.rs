//! Labels as class numbers.

use std::collections::BTreeSet;

use pipe_speech::corpus::Emotion;

use super::sampling::Draw;
use super::{ClassWeights, Example, TrainError};
use crate::model::spec::HeadSpec;
use crate::model::{HeadLabels, Targets};

/// Position of an emotion in the order of the outputs.
pub(super) fn class(emotion: Emotion) -> usize {
    Emotion::ALL
        .iter()
        .position(|other| *other == emotion)
        .unwrap_or_default()
}

/// Sorted labels of each head in the training data.
pub(super) fn of_heads(
    heads: &[HeadSpec],
    train: &[Example<'_>],
) -> Result<Vec<HeadLabels>, TrainError> {
    heads
        .iter()
        .map(|&head| {
            let labels: BTreeSet<&str> = train
                .iter()
                .filter_map(|example| head.attribute.label(example.utterance))
                .collect();
            if labels.len() < 2 {
                return Err(TrainError::Labels {
                    attribute: head.attribute.name(),
                    labels: labels.len(),
                });
            }
            Ok(HeadLabels {
                head,
                labels: labels.into_iter().map(str::to_owned).collect(),
            })
        })
        .collect()
}

/// Class numbers of all training utterances.
pub(super) fn targets(heads: &[HeadLabels], train: &[Example<'_>]) -> Targets {
    Targets {
        emotion: train
            .iter()
            .map(|example| Some(class(example.utterance.emotion)))
            .collect(),
        attributes: heads
            .iter()
            .map(|head| {
                let number = |example: &Example<'_>| {
                    let label = head.head.attribute.label(example.utterance)?;
                    head.labels
                        .binary_search_by(|other| other.as_str().cmp(label))
                        .ok()
                };
                train.iter().map(number).collect()
            })
            .collect(),
    }
}

/// The targets of some utterances.
pub(super) fn select(all: &Targets, members: &[Draw]) -> Targets {
    let pick = |from: &[Option<usize>]| members.iter().map(|draw| from[draw.at]).collect();
    Targets {
        emotion: pick(&all.emotion),
        attributes: all.attributes.iter().map(|from| pick(from)).collect(),
    }
}

/// Weight of each emotion class; a class without utterances weighs 0.
pub(super) fn class_weights(how: ClassWeights, targets: &Targets) -> Option<Vec<f32>> {
    if how == ClassWeights::None {
        return None;
    }
    let mut counts = [0usize; Emotion::ALL.len()];
    for &target in targets.emotion.iter().flatten() {
        counts[target] += 1;
    }
    let total = targets.emotion.len() as f32;
    let weight = |&count: &usize| {
        if count == 0 {
            0.0
        } else {
            total / (counts.len() as f32 * count as f32)
        }
    };
    Some(counts.iter().map(weight).collect())
}
