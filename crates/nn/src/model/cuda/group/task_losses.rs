//! The losses of the tasks of all models of a group.

use dfdx::tensor::CudaError;

use crate::model::TaskSpec;
use crate::model::cuda::{Memory, Tape, Value};
use crate::model::losses::HeadWeight;
use crate::model::ops::class_loss::ClassTargets;
use crate::model::ops::loss::{Compare, CompareClasses, CompareNumbers, DeviceClassCase};
use crate::model::ops::row_loss::cuda_kernel::weigh;
use crate::model::task::shares;

use super::{Group, GroupBatch, LossRows, ModelStep, TaskShare};

impl Group {
    /// Puts the losses of all tasks on the tape, each with its weight in the total, and keeps them; gives the logits of the
    /// classes, if there are some. `x` are the embeddings after dropout.
    pub(super) fn descend_tasks(
        &self,
        tape: &mut Tape,
        x: &Value,
        (batch, models): (&GroupBatch<'_>, &[ModelStep<'_>]),
        weights: &[(f32, Vec<HeadWeight>)],
        losses: &Memory,
    ) -> Result<Option<Value>, CudaError> {
        let logits = self.emotion(tape, x)?;
        let rows = self.loss_rows();
        for (task, own) in batch.tasks.iter().zip(self.task_shares(batch.tasks)) {
            let loss = match (task.loss.compare(), &logits) {
                (Compare::Classes(compare), Some(logits)) => {
                    class_loss(tape, logits, compare, task, (batch, models))?
                }
                (Compare::Classes(_), None) => {
                    unreachable!("a network of a task with classes has some")
                }
                (Compare::Numbers(compare), _) => {
                    let place = own.row - rows.target(0);
                    let predictions = self.targets.forward(tape, x, place)?;
                    number_loss(tape, &predictions, compare, place, models)?
                }
            };
            self.note(losses, own.row, &loss, self.shared.which())?;
            let weights: Vec<f32> = weights.iter().map(|(tasks, _)| tasks * own.share).collect();
            weigh(tape, &loss, &weights)?;
        }
        Ok(logits)
    }

    /// Where the losses of each task are, and its share in the loss of the tasks.
    pub(super) fn task_shares(&self, tasks: &[TaskSpec]) -> Vec<TaskShare> {
        let mut numbers = 0;
        let share = |(task, share): (&TaskSpec, f32)| {
            let row = match task.is_of_classes() {
                true => LossRows::EMOTION,
                false => {
                    numbers += 1;
                    self.loss_rows().target(numbers - 1)
                }
            };
            TaskShare { row, share }
        };
        tasks.iter().zip(shares(tasks)).map(share).collect()
    }
}

/// The loss of logits.
fn class_loss(
    tape: &mut Tape,
    logits: &Value,
    compare: CompareClasses,
    task: &TaskSpec,
    (batch, models): (&GroupBatch<'_>, &[ModelStep<'_>]),
) -> Result<Value, CudaError> {
    let targets: Vec<ClassTargets<'_>> = models
        .iter()
        .map(|model| model.targets.of_classes())
        .collect();
    let case = DeviceClassCase {
        targets: &targets,
        weights: batch.class_weights,
        keys: task.keys(),
    };
    (compare.on_device)(tape, logits, case)
}

/// The loss of predictions of the target at a place.
fn number_loss(
    tape: &mut Tape,
    predictions: &Value,
    compare: CompareNumbers,
    place: usize,
    models: &[ModelStep<'_>],
) -> Result<Value, CudaError> {
    let targets: Vec<&[Option<f32>]> = models
        .iter()
        .map(|model| &model.targets.numbers[place][..])
        .collect();
    (compare.on_device)(tape, predictions, &targets)
}
