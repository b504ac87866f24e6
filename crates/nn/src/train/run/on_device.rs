//! An epoch on a CUDA device, where other trainings take the same steps.

use pipe_foundation::progress::Progress;

use crate::model::cuda::{Blended, Masked};
use crate::train::batches::batch_seed;
use crate::train::labels::select;
use crate::train::lockstep::{Position, StepWork};
use crate::train::mixup::{Mixer, blend_targets};
use crate::train::sampling::{Draw, draw_number};
use crate::train::{Example, TrainError};

use super::epoch::report_progress;
use super::epoch_sums::EpochSums;
use super::{Learner, Run};

impl Run<'_> {
    /// One pass on a device; what the steps measured is read at the end.
    pub(super) fn epoch_on_device(
        &mut self,
        epoch: usize,
        batches: &[Vec<Draw>],
        progress: &dyn Progress,
    ) -> Result<EpochSums, TrainError> {
        let options = self.options;
        let Learner::Device(member) = &self.learner else {
            return Ok(EpochSums::default());
        };
        let mut sums = EpochSums::default();
        for (batch, members) in batches.iter().enumerate() {
            if self.at_bound() {
                sums.cut = true;
                break;
            }
            let work = self.device_step(epoch, batch, members);
            member.step(Position { epoch, batch }, work)?;
            self.updates += 1;
            report_progress(progress, options, epoch, batch, batches.len());
        }
        for (batch, losses) in member.losses()?.iter().enumerate() {
            self.check(losses, epoch, batch, &batches[batch])?;
            sums.add(losses);
        }
        for remark in member.remarks() {
            progress.warn(&remark);
        }
        Ok(sums)
    }

    fn device_step(&self, epoch: usize, batch: usize, members: &[Draw]) -> StepWork {
        let (options, data) = (self.options, self.data);
        let mixer = options.mixup;
        let mixer = mixer.map(|mixup| Mixer::new(mixup, options.seed_of_batches()));
        let blends = mixer.map(|mixer| mixer.blends(data, members, epoch));
        let targets = select(&self.targets, members);
        let masked = |(place, draw): (usize, &Draw)| {
            let Example { id, features, .. } = data.train[draw.at];
            let masks = data.augment.as_ref().map(|augment| {
                let number = draw_number(epoch, draw.repeat);
                let size = (features.frames, features.bins);
                augment
                    .masks
                    .masks(size.0, size.1, augment.seed, number, id)
            });
            let masks = masks.unwrap_or_default();
            Masked {
                at: draw.at,
                times: masks.times,
                bands: masks.bands,
                blend: blends.as_ref().map(|blends| Blended {
                    partner: blends[place].partner,
                    share: blends[place].share,
                }),
            }
        };
        StepWork {
            utterances: members.iter().enumerate().map(masked).collect(),
            fill: data
                .augment
                .as_ref()
                .map_or(0.0, |augment| augment.masks.fill),
            dropout: options.dropout as f32,
            tasks: options.tasks.clone(),
            class_weights: self.class_weights.clone(),
            targets: match &blends {
                Some(blends) => blend_targets(targets, blends, data.classes.len()),
                None => targets,
            },
            alpha: self.alpha_at(epoch),
            reversal: options.reversal,
            dropout_seed: batch_seed(options.seed, "dropout", epoch, batch),
            update: options.update(epoch, self.updates),
            gradient_clip_norm: options.gradient_clip_norm,
        }
    }
}
