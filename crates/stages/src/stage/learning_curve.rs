//! The epochs of a training as a report shows them.

use pipe_nn::train::{EpochRecord, HeadLoss, TargetLoss, TrainLosses, ValidationScores};
use pipe_report::{EpochHeadLoss, EpochLosses, EpochPoint, EpochScores, EpochTargetLoss};

/// One epoch of a training, for a report.
pub fn epoch_point(record: EpochRecord) -> EpochPoint {
    // Taken apart by name, so that a field that is new cannot be forgotten here.
    let EpochRecord {
        epoch,
        updates,
        alpha,
        learning_rate,
        train:
            TrainLosses {
                total,
                emotion,
                targets: target_losses,
                heads,
            },
        gradient_norm,
        validation:
            ValidationScores {
                ua,
                recalls,
                loss,
                targets,
            },
        best,
        device,
    } = record;
    let of_target = |TargetLoss { target, loss }| EpochTargetLoss { target, loss };
    let head = |HeadLoss { attribute, loss }| EpochHeadLoss { attribute, loss };
    EpochPoint {
        epoch,
        updates,
        alpha,
        learning_rate,
        train: EpochLosses {
            total,
            emotion,
            targets: target_losses.into_iter().map(of_target).collect(),
            heads: heads.into_iter().map(head).collect(),
        },
        gradient_norm,
        validation: EpochScores {
            ua,
            recalls,
            loss,
            targets,
        },
        best,
        device,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pipe_foundation::Agreement;

    use super::*;

    /// An evaluation keeps the lines of `history.jsonl` as they are.
    #[test]
    fn a_point_is_written_as_its_record() {
        let mut record = EpochRecord {
            epoch: 3,
            updates: 40,
            alpha: 0.1,
            learning_rate: 1.0 / 3.0,
            train: TrainLosses {
                total: 1.25,
                emotion: 1.0,
                targets: Vec::new(),
                heads: vec![HeadLoss {
                    attribute: "corpus".into(),
                    loss: 2.5,
                }],
            },
            gradient_norm: 0.7,
            validation: ValidationScores {
                ua: Some(0.4),
                recalls: vec![Some(0.4), None, Some(0.4)],
                loss: Some(1.1),
                targets: BTreeMap::new(),
            },
            best: true,
            device: None,
        };
        let number = TargetLoss {
            target: "arousal".into(),
            loss: 0.5,
        };
        let scores = (
            "arousal".to_owned(),
            Agreement::of(&[(1.0, 2.0), (2.0, 2.5)]),
        );
        for device in [None, Some("cuda".to_string())] {
            if device.is_some() {
                record.train.targets.push(number.clone());
                record.validation.targets.insert(scores.0.clone(), scores.1);
                record.validation.ua = None;
            }
            record.device = device;
            let line = serde_json::to_string(&record).unwrap();
            let point = epoch_point(record.clone());
            assert_eq!(serde_json::to_string(&point).unwrap(), line);
            assert_eq!(serde_json::from_str::<EpochPoint>(&line).unwrap(), point);
        }
    }
}
