//! Labels as class numbers.

use std::collections::BTreeSet;

use crate::model::spec::{Attribute, HeadSpec};
use crate::model::{HeadLabels, Targets};

use super::sampling::Draw;
use super::{ClassWeights, TrainError, TrainingData};

/// The label of every training utterance; no entries where the data name no labels of the attribute.
fn column<'a>(data: &'a TrainingData<'_>, attribute: Attribute) -> &'a [Option<&'a str>] {
    data.labels.get(&attribute).map_or(&[], Vec::as_slice)
}

/// Sorted labels of each head in the training data.
pub(super) fn of_heads(
    heads: &[HeadSpec],
    data: &TrainingData<'_>,
) -> Result<Vec<HeadLabels>, TrainError> {
    heads
        .iter()
        .map(|&head| {
            let labels = column(data, head.attribute).iter().flatten();
            let labels: BTreeSet<&str> = labels.copied().collect();
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
pub(super) fn targets(heads: &[HeadLabels], data: &TrainingData<'_>) -> Targets {
    Targets {
        emotion: (data.train.iter())
            .map(|example| Some(example.class))
            .collect(),
        attributes: heads
            .iter()
            .map(|head| {
                let number = |label: &Option<&str>| {
                    let label = (*label)?;
                    head.labels
                        .binary_search_by(|other| other.as_str().cmp(label))
                        .ok()
                };
                let labels = column(data, head.head.attribute).iter();
                labels.map(number).collect()
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

/// Weight of each of this many emotion classes; a class without utterances weighs 0.
pub(super) fn class_weights(
    how: ClassWeights,
    targets: &Targets,
    classes: usize,
) -> Option<Vec<f32>> {
    if how == ClassWeights::None {
        return None;
    }
    let mut counts = vec![0usize; classes];
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
