//! Checkpoints of a training: written after whole epochs, and taken up by the next try.

use std::path::Path;

use pipe_foundation::progress::Progress;

use crate::model::{Network, TrainingState};
use crate::train::checkpoint::{Checkpoint, CheckpointProgress};
use crate::train::early_stop::EarlyStop;
use crate::train::{EpochRecord, TrainError};

use super::Run;

impl Run<'_> {
    /// Takes the state of the first checkpoint that fits: its records and the best network. Nothing without one.
    pub(super) fn resume(
        &mut self,
        stop: &mut EarlyStop,
        progress: &dyn Progress,
    ) -> Result<(Vec<EpochRecord>, Option<Network>), TrainError> {
        let folders = [self.places.checkpoint, self.places.earlier];
        for folder in folders.into_iter().flatten() {
            let taken = match Checkpoint::load(folder)? {
                None => continue,
                Some(Ok(checkpoint)) => self.take(checkpoint, stop)?,
                Some(Err(reason)) => Err(reason),
            };
            match taken {
                Ok(Some(taken)) => return Ok(taken),
                Ok(None) => {}
                Err(reason) => progress.warn(&format!(
                    "ignoring the unusable checkpoint in {}: {reason}",
                    folder.display()
                )),
            }
        }
        Ok((Vec::new(), None))
    }

    /// Takes the state of a checkpoint. None where this training would have ended before it.
    #[expect(
        clippy::type_complexity,
        reason = "what `resume` gives, if there is any"
    )]
    fn take(
        &mut self,
        checkpoint: Checkpoint,
        stop: &mut EarlyStop,
    ) -> Result<Result<Option<(Vec<EpochRecord>, Option<Network>)>, String>, TrainError> {
        let CheckpointProgress { steps, history } = checkpoint.progress;
        let bound = self.options.max_updates;
        let mut replayed = self.early_stop()?;
        for (epoch, record) in history.iter().enumerate() {
            let ended = self.ended(&replayed, epoch).is_some();
            self.updates = record.updates;
            if ended || bound > 0 && record.updates > bound {
                self.updates = 0;
                return Ok(Ok(None));
            }
            replayed.observe(epoch, &record.validation);
        }
        let mut best = self.learner.network()?;
        let restored = best
            .set_arrays(&checkpoint.best)
            .and_then(|()| TrainingState::from_arrays(&best, steps, &checkpoint.state));
        match restored {
            Ok(state) => self.learner.restore(state)?,
            Err(reason) => {
                self.updates = 0;
                return Ok(Err(reason));
            }
        }
        *stop = replayed;
        Ok(Ok(Some((history, Some(best)))))
    }

    /// Writes a checkpoint into `folder`.
    pub(super) fn save(
        &self,
        folder: &Path,
        records: &[EpochRecord],
        best: Option<&Network>,
    ) -> Result<(), TrainError> {
        let state = self.learner.state()?;
        let checkpoint = Checkpoint {
            progress: CheckpointProgress {
                steps: state.steps,
                history: records.to_vec(),
            },
            state: state.to_arrays(),
            best: best.map(Network::to_arrays).unwrap_or_default(),
        };
        checkpoint.save(folder).map_err(|source| TrainError::Io {
            path: folder.to_path_buf(),
            source,
        })
    }
}
