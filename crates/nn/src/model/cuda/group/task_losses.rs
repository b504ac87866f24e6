//! The losses of the tasks of all models of a group.

use dfdx::tensor::CudaError;

use crate::model::cuda::{Memory, Tape, Value};
use crate::model::losses::HeadWeight;
use crate::model::ops::class_loss::ClassTargets;
use crate::model::ops::loss::{Compare, DeviceClassCase};
use crate::model::ops::row_loss::cuda_kernel::weigh;
use crate::model::task::shares;

use super::{Group, GroupBatch, ModelStep};

impl Group {
    /// Puts the losses of all tasks on the tape, each with its weight in the total, and keeps them; gives the logits of the
    /// classes. `x` are the embeddings after dropout.
    pub(super) fn descend_tasks(
        &self,
        tape: &mut Tape,
        x: &Value,
        (batch, models): (&GroupBatch<'_>, &[ModelStep<'_>]),
        weights: &[(f32, Vec<HeadWeight>)],
        losses: &Memory,
    ) -> Result<Value, CudaError> {
        let logits = self.emotion(tape, x)?;
        for (task, share) in batch.tasks.iter().zip(shares(batch.tasks)) {
            let Compare::Classes(compare) = task.loss.compare() else {
                unreachable!("numeric targets are refused on a device")
            };
            let targets: Vec<ClassTargets<'_>> = models
                .iter()
                .map(|model| model.targets.of_classes())
                .collect();
            let case = DeviceClassCase {
                targets: &targets,
                weights: batch.class_weights,
                keys: task.keys(),
            };
            let loss = (compare.on_device)(tape, &logits, case)?;
            self.note(losses, 0, &loss, self.shared.which())?;
            let own: Vec<f32> = weights.iter().map(|(tasks, _)| tasks * share).collect();
            weigh(tape, &loss, &own)?;
        }
        Ok(logits)
    }
}
