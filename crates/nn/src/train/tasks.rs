//! What the tasks of a training ask of its other options.

use crate::model::TaskSpec;

use super::{Mixup, Monitor, TrainError, TrainOptions};

impl TrainOptions {
    /// Whether one of the tasks has classes.
    pub fn has_classes(&self) -> bool {
        self.tasks.iter().any(TaskSpec::is_of_classes)
    }

    /// Names of the numeric targets, in the order of their tasks.
    pub fn targets(&self) -> Vec<String> {
        let numbers = self.tasks.iter().filter(|task| !task.is_of_classes());
        numbers.map(|task| task.task.clone()).collect()
    }

    /// Checks that tasks, heads and monitor fit each other.
    pub(super) fn check_tasks(&self) -> Result<(), TrainError> {
        let fail = |reason: String| TrainError::option("heads", &reason);
        if self.tasks.is_empty() {
            return Err(fail("name nothing to predict".into()));
        }
        for (index, task) in self.tasks.iter().enumerate() {
            let name = &task.task;
            if let Some((key, reason)) = task.problem() {
                return Err(fail(format!("have the task {name} whose {key} {reason}")));
            }
            if self.tasks[..index].iter().any(|other| other.task == *name) {
                return Err(fail(format!("have the task {name} twice")));
            }
        }
        for head in &self.heads {
            let name = head.attribute.name();
            if let Some((key, reason)) = head.problem() {
                return Err(fail(format!(
                    "have the attribute {name} whose {key} {reason}"
                )));
            }
            if head.mode.looks_at_classes() && !self.has_classes() {
                return Err(fail(format!(
                    "have a {} of {name}, which looks at the probabilities of classes, but no task with classes",
                    head.mode.name()
                )));
            }
        }
        if let Some(Mixup { alpha }) = self.mixup {
            if !(alpha > 0.0 && alpha <= Mixup::MOST_ALPHA) {
                let reason = format!(
                    "has alpha {alpha}; expected above 0 to {}",
                    Mixup::MOST_ALPHA
                );
                return Err(TrainError::option("mixup", &reason));
            }
            if let Some(head) = self.heads.first() {
                let reason = format!(
                    "blends the targets of tasks, and the head of {} has none to blend; remove one of them",
                    head.attribute.name()
                );
                return Err(TrainError::option("mixup", &reason));
            }
        }
        let known = match &self.monitor {
            monitor if monitor.is_of_classes() => self.has_classes(),
            Monitor::Target(target, _) => self.targets().iter().any(|name| name == target),
            _ => !self.targets().is_empty(),
        };
        if !known {
            let targets = self.targets();
            let example = targets
                .first()
                .map_or("ua".into(), |name| format!("{name}/ccc"));
            return Err(TrainError::option(
                "monitor",
                &format!(
                    "is {}, which no task of this stage has; set it to a score of one, such as {example}",
                    self.monitor.name()
                ),
            ));
        }
        Ok(())
    }
}
