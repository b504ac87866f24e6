//! Sums over the batches of an epoch, and the record of the epoch made from them.

use crate::model::StepLosses;
use crate::train::{EpochRecord, HeadLoss, TargetLoss, TrainLosses, ValidationScores};

use super::Run;

/// Sums over the batches of an epoch.
#[derive(Default)]
pub(super) struct EpochSums {
    batches: usize,
    /// Whether the bound on updates cut the epoch short.
    pub(super) cut: bool,
    total: f64,
    emotion: f64,
    targets: Vec<f64>,
    heads: Vec<f64>,
    gradient_norm: f64,
}

impl EpochSums {
    /// Adds what one step measured.
    pub(super) fn add(&mut self, losses: &StepLosses) {
        self.batches += 1;
        self.total += f64::from(losses.total);
        self.emotion += f64::from(losses.emotion);
        self.targets.resize(losses.numbers.len(), 0.0);
        for (sum, loss) in self.targets.iter_mut().zip(&losses.numbers) {
            *sum += f64::from(*loss);
        }
        self.heads.resize(losses.attributes.len(), 0.0);
        for (sum, loss) in self.heads.iter_mut().zip(&losses.attributes) {
            *sum += f64::from(*loss);
        }
        self.gradient_norm += losses.gradient_norm;
    }
}

impl Run<'_> {
    /// What the history says of an epoch: means over its batches.
    pub(super) fn record(
        &self,
        epoch: usize,
        sums: &EpochSums,
        validation: ValidationScores,
        best: bool,
    ) -> EpochRecord {
        let mean = |sum: f64| sum / sums.batches.max(1) as f64;
        let heads = self.heads.iter().zip(&sums.heads);
        EpochRecord {
            epoch,
            updates: self.updates,
            alpha: self.alpha_at(epoch),
            learning_rate: self
                .options
                .update(epoch, self.updates.saturating_sub(1))
                .learning_rate,
            train: TrainLosses {
                total: mean(sums.total),
                emotion: mean(sums.emotion),
                targets: (self.units.iter().zip(&sums.targets))
                    .map(|(unit, &sum)| TargetLoss {
                        target: unit.name.clone(),
                        loss: mean(sum),
                    })
                    .collect(),
                heads: heads
                    .map(|(head, &sum)| HeadLoss {
                        attribute: head.head.attribute.name().to_owned(),
                        loss: mean(sum),
                    })
                    .collect(),
            },
            gradient_norm: mean(sums.gradient_norm),
            validation,
            best,
            device: self.device.key_name().map(String::from),
        }
    }
}
