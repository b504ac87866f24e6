//! Labels as class numbers.

use std::collections::BTreeSet;

use crate::model::spec::{Attribute, HeadSpec};
use crate::model::{HeadLabels, NumericTarget, Targets};

use super::sampling::Draw;
use super::{ClassWeights, TargetColumn, TrainError, TrainingData};

/// The label of every training utterance; no entries where the data name no labels of the attribute.
fn column<'a>(data: &'a TrainingData<'_>, attribute: &Attribute) -> &'a [Option<&'a str>] {
    data.labels.get(attribute).map_or(&[], Vec::as_slice)
}

/// Sorted labels of each head in the training data.
pub(super) fn of_heads(
    heads: &[HeadSpec],
    data: &TrainingData<'_>,
) -> Result<Vec<HeadLabels>, TrainError> {
    heads
        .iter()
        .map(|head| {
            let values = column(data, &head.attribute).iter().flatten();
            let labels: BTreeSet<&str> = values.map(|value| head.label(value)).collect();
            if labels.len() < 2 {
                return Err(TrainError::Labels {
                    attribute: head.attribute.name().to_owned(),
                    labels: labels.len(),
                });
            }
            Ok(HeadLabels {
                head: head.clone(),
                labels: labels.into_iter().map(str::to_owned).collect(),
            })
        })
        .collect()
}

/// Mean and standard deviation of each numeric target in the training data, so that its layer learns a number around 0.
///
/// # Errors
/// [`TrainError::Target`] where a target has no two numbers that differ.
pub(super) fn units(data: &TrainingData<'_>) -> Result<Vec<NumericTarget>, TrainError> {
    let unit = |target: &TargetColumn| {
        let known: Vec<f64> = target.train.iter().flatten().copied().collect();
        let n = known.len().max(1) as f64;
        let mean = known.iter().sum::<f64>() / n;
        let deviation = (known.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt();
        let name = target.name.clone();
        if !(deviation > 0.0 && deviation.is_finite()) {
            return Err(TrainError::Target {
                target: name,
                known: known.len(),
            });
        }
        Ok(NumericTarget {
            name,
            mean,
            deviation,
        })
    };
    data.targets.iter().map(unit).collect()
}

/// What all training utterances should be classified as; numbers in `units`.
pub(super) fn targets(
    heads: &[HeadLabels],
    units: &[NumericTarget],
    data: &TrainingData<'_>,
) -> Targets {
    let in_unit = |(column, unit): (&TargetColumn, &NumericTarget)| {
        let scaled = |y: f64| ((y - unit.mean) / unit.deviation) as f32;
        column.train.iter().map(|y| y.map(scaled)).collect()
    };
    Targets {
        shares: data.shares.clone(),
        numbers: data.targets.iter().zip(units).map(in_unit).collect(),
        emotion: data.train.iter().map(|example| example.class).collect(),
        attributes: heads
            .iter()
            .map(|head| {
                let number = |value: &Option<&str>| {
                    let label = head.head.label((*value)?);
                    head.labels
                        .binary_search_by(|other| other.as_str().cmp(label))
                        .ok()
                };
                let labels = column(data, &head.head.attribute).iter();
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
        shares: (all.shares.as_ref())
            .map(|rows| members.iter().map(|draw| rows[draw.at].clone()).collect()),
        numbers: (all.numbers.iter())
            .map(|from| members.iter().map(|draw| from[draw.at]).collect())
            .collect(),
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
    let total = counts.iter().sum::<usize>() as f32;
    let weight = |&count: &usize| {
        if count == 0 {
            0.0
        } else {
            total / (counts.len() as f32 * count as f32)
        }
    };
    Some(counts.iter().map(weight).collect())
}
