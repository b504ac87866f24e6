//! The losses of the tasks of all models of a group.

use dfdx::tensor::CudaError;

use crate::model::TaskSpec;
use crate::model::cuda::{Tape, Value};
use crate::model::ops::class_loss::ClassTargets;
use crate::model::ops::loss::{Compare, CompareClasses, CompareNumbers, DeviceClassCase};
use crate::model::ops::row_loss::cuda_kernel::weigh;
use crate::model::task::shares;

use super::{Group, LossRows, StepInput, TaskShare};

impl Group {
    /// Puts the losses of all tasks on the tape, each with its weight in the total, and keeps them; gives the logits of the
    /// classes, if there are some. `x` are the embeddings after dropout.
    pub(super) fn descend_tasks(
        &self,
        tape: &mut Tape,
        x: &Value,
        step: StepInput<'_>,
    ) -> Result<Option<Value>, CudaError> {
        let logits = self.emotion(tape, x)?;
        let rows = self.loss_rows();
        let tasks = step.batch.tasks;
        for (task, own) in tasks.iter().zip(self.task_shares(tasks)) {
            let loss = match (task.loss.compare(), &logits) {
                (Compare::Classes(compare), Some(logits)) => {
                    class_loss(tape, logits, compare, task, step)?
                }
                (Compare::Classes(_), None) => {
                    unreachable!("a network of a task with classes has some")
                }
                (Compare::Numbers(compare), _) => {
                    let place = own.row - rows.target(0);
                    let predictions = self.targets.forward(tape, x, place)?;
                    number_loss(tape, &predictions, compare, place, step)?
                }
            };
            self.note(step.losses, own.row, &loss, self.shared.which())?;
            let weights = step.weights.iter().map(|(tasks, _)| tasks * own.share);
            weigh(tape, &loss, &weights.collect::<Vec<f32>>())?;
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
    step: StepInput<'_>,
) -> Result<Value, CudaError> {
    let models = step.models.iter();
    let targets: Vec<ClassTargets<'_>> = models.map(|model| model.targets.of_classes()).collect();
    let case = DeviceClassCase {
        targets: &targets,
        weights: step.batch.class_weights,
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
    step: StepInput<'_>,
) -> Result<Value, CudaError> {
    let models = step.models.iter();
    let targets: Vec<&[Option<f32>]> = models
        .map(|model| &model.targets.numbers[place][..])
        .collect();
    (compare.on_device)(tape, predictions, &targets)
}
