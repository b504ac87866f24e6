//! One pass over the training split.

use pipe_foundation::progress::Progress;

use crate::model::{StepLosses, TrainingBatch};
use crate::train::batches::{batch_seed, of_epoch};
use crate::train::labels::select;
use crate::train::learner::Learner;
use crate::train::mixup::{Mixer, blend_targets};
use crate::train::prefetch::each_batch;
use crate::train::sampling::Draw;
use crate::train::{TrainError, TrainOptions};

use super::Run;
use super::epoch_sums::EpochSums;

impl Run<'_> {
    /// One pass over the training split.
    pub(super) fn epoch(
        &mut self,
        epoch: usize,
        progress: &dyn Progress,
    ) -> Result<EpochSums, TrainError> {
        let options = self.options;
        let batches = of_epoch(
            &self.frames,
            &self.groups,
            options.batch,
            options.bucket_batches,
            options.seed_of_batches(),
            epoch,
        );
        match &self.learner {
            Learner::Processor { .. } => self.epoch_here(epoch, &batches, progress),
            #[cfg(feature = "cuda")]
            Learner::Device(_) => self.epoch_on_device(epoch, &batches, progress),
        }
    }

    /// One pass on the processor: the next batch's features are made while one is learned.
    fn epoch_here(
        &mut self,
        epoch: usize,
        batches: &[Vec<Draw>],
        progress: &dyn Progress,
    ) -> Result<EpochSums, TrainError> {
        let (options, data) = (self.options, self.data);
        let alpha = self.alpha_at(epoch);
        let mut sums = EpochSums::default();
        let mixer = options.mixup;
        let mixer = mixer.map(|mixup| Mixer::new(mixup, options.seed_of_batches()));
        each_batch(
            data,
            mixer.as_ref(),
            batches,
            epoch,
            |batch, members, features| {
                if self.at_bound() {
                    sums.cut = true;
                    return Ok::<_, TrainError>(false);
                }
                let views = features.views(data, members);
                let mut targets = select(&self.targets, members);
                if let Some(mixer) = &mixer {
                    let blends = mixer.blends(data, members, epoch);
                    targets = blend_targets(targets, &blends, data.classes.len());
                }
                #[cfg_attr(not(feature = "cuda"), expect(irrefutable_let_patterns))]
                let Learner::Processor { trainable, .. } = &mut self.learner else {
                    return Ok(false);
                };
                let losses = trainable.step(
                    &TrainingBatch {
                        features: &views,
                        targets: &targets,
                        tasks: &options.tasks,
                        alpha,
                        reversal: options.reversal,
                        dropout: options.dropout as f32,
                        dropout_seed: batch_seed(options.seed, "dropout", epoch, batch),
                        class_weights: self.class_weights.as_deref(),
                        gradient_clip_norm: options.gradient_clip_norm,
                    },
                    &options.update(epoch, self.updates),
                )?;
                self.check(&losses, epoch, batch, members)?;
                self.updates += 1;
                report_progress(progress, options, epoch, batch, batches.len());
                sums.add(&losses);
                Ok(true)
            },
        )?;
        Ok(sums)
    }

    /// Whether the bound on updates is reached.
    pub(super) fn at_bound(&self) -> bool {
        self.options.max_updates > 0 && self.updates >= self.options.max_updates
    }

    /// Ends a training whose losses or gradient are not finite.
    pub(super) fn check(
        &self,
        losses: &StepLosses,
        epoch: usize,
        batch: usize,
        members: &[Draw],
    ) -> Result<(), TrainError> {
        let targets = self.options.targets();
        let Some(head) = losses.non_finite(targets.iter(), &self.options.heads) else {
            return Ok(());
        };
        let id = |draw: &Draw| self.data.train[draw.at].id.to_owned();
        Err(TrainError::NonFinite {
            epoch,
            batch,
            head: head.to_owned(),
            utterances: members.iter().map(id).collect(),
        })
    }

    pub(super) fn alpha_at(&self, epoch: usize) -> f64 {
        let options = self.options;
        options.alpha_curve.at(self.alpha, epoch, options.epochs)
    }
}

/// Reports how many batches of all epochs are done.
pub(super) fn report_progress(
    progress: &dyn Progress,
    options: &TrainOptions,
    epoch: usize,
    batch: usize,
    batches: usize,
) {
    progress.advance(
        (epoch * batches + batch + 1) as u64,
        (options.epochs * batches) as u64,
    );
}
