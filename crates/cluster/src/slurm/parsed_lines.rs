//! What `squeue` prints in a format of its own, a task a line.

use crate::task_state::TaskStatus;

use super::states::state;

/// The tasks in lines of `JOB|TASK|STATE|REASON|NAME`; others are passed over.
pub fn tasks(lines: &str) -> Vec<TaskStatus> {
    lines.lines().filter_map(task).collect()
}

fn task(line: &str) -> Option<TaskStatus> {
    let mut fields = line.splitn(5, '|').map(str::trim);
    let mut next = || fields.next();
    let (job, task, states, reason, name) = (next()?, next()?, next()?, next()?, next()?);
    Some(TaskStatus {
        name: name.into(),
        job: job.parse().ok()?,
        task: task.parse().ok()?,
        state: state(states.split(','), reason, None),
        reason: reason.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_state::{Ending, TaskState};

    #[test]
    fn lines_are_read_and_what_is_no_task_is_passed_over() {
        let lines = "12|0|RUNNING|None|train.ab12.3\n12|1|CANCELLED|DependencyNeverSatisfied|train.ab12.3\n13|N/A|PENDING|Priority|other\nslurm says something\n";
        let tasks = tasks(lines);
        assert_eq!(tasks.len(), 2);
        assert_eq!((tasks[0].job, tasks[0].task), (12, 0));
        assert_eq!(tasks[0].name, "train.ab12.3");
        assert_eq!(tasks[0].state, TaskState::Running);
        assert_eq!(tasks[1].state, TaskState::Ended(Ending::NeverStarted));
    }
}
