//! States of jobs in Slurm's words.

use crate::task_state::{Ending, TaskState};

/// What states and a reason mean together; a job may be in several at once. `status` is that of its process, as `wait` has
/// it, where that is known.
pub fn state<'s>(
    states: impl IntoIterator<Item = &'s str>,
    reason: &str,
    status: Option<i32>,
) -> TaskState {
    let mut ending = None;
    for state in states {
        let ended = match state {
            "COMPLETED" => Ending::Well,
            "FAILED" | "REVOKED" => match status {
                Some(status) if status & 0x7f != 0 => Ending::Killed(status & 0x7f),
                Some(status) => Ending::Badly(Some(status >> 8)),
                None => Ending::Badly(None),
            },
            "TIMEOUT" | "DEADLINE" => Ending::TimedOut,
            "OUT_OF_MEMORY" => Ending::OutOfMemory,
            "NODE_FAIL" | "BOOT_FAIL" | "LAUNCH_FAILED" => Ending::NodeFailed,
            "PREEMPTED" => Ending::Preempted,
            "CANCELLED" if is_never_satisfied(reason) => Ending::NeverStarted,
            "CANCELLED" => Ending::Cancelled,
            // It is handed in anew, or its process has not ended yet.
            "REQUEUED" | "COMPLETING" | "REQUEUE_HOLD" | "REQUEUE_FED" => {
                return match state {
                    "COMPLETING" => TaskState::Running,
                    _ => TaskState::Waiting,
                };
            }
            "PENDING" if is_never_satisfied(reason) => Ending::NeverStarted,
            "PENDING" | "SPECIAL_EXIT" | "RESV_DEL_HOLD" => return TaskState::Waiting,
            // RUNNING, CONFIGURING, SUSPENDED, STOPPED, RESIZING, SIGNALING, STAGE_OUT and what later versions add.
            _ => return TaskState::Running,
        };
        ending.get_or_insert(ended);
    }
    ending.map_or(TaskState::Waiting, TaskState::Ended)
}

fn is_never_satisfied(reason: &str) -> bool {
    reason == "DependencyNeverSatisfied"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_apart() {
        let ended = |ending| TaskState::Ended(ending);
        for (states, reason, status, expected) in [
            (&["PENDING"][..], "Priority", None, TaskState::Waiting),
            (&["RUNNING"], "None", None, TaskState::Running),
            (&["RUNNING", "COMPLETING"], "None", None, TaskState::Running),
            (
                &["FAILED", "COMPLETING"],
                "NonZeroExitCode",
                Some(256),
                TaskState::Running,
            ),
            (&["COMPLETED"], "None", Some(0), ended(Ending::Well)),
            (
                &["FAILED"],
                "NonZeroExitCode",
                Some(256),
                ended(Ending::Badly(Some(1))),
            ),
            (&["FAILED"], "", Some(9), ended(Ending::Killed(9))),
            (&["FAILED"], "", None, ended(Ending::Badly(None))),
            (&["TIMEOUT"], "TimeLimit", Some(15), ended(Ending::TimedOut)),
            (&["OUT_OF_MEMORY"], "", None, ended(Ending::OutOfMemory)),
            (&["NODE_FAIL"], "", None, ended(Ending::NodeFailed)),
            (&["NODE_FAIL", "REQUEUED"], "", None, TaskState::Waiting),
            (&["PREEMPTED"], "", None, ended(Ending::Preempted)),
            (&["CANCELLED"], "None", Some(15), ended(Ending::Cancelled)),
            (
                &["CANCELLED"],
                "DependencyNeverSatisfied",
                None,
                ended(Ending::NeverStarted),
            ),
            (
                &["PENDING"],
                "DependencyNeverSatisfied",
                None,
                ended(Ending::NeverStarted),
            ),
        ] {
            let found = state(states.iter().copied(), reason, status);
            assert_eq!(found, expected, "{states:?} {reason}");
        }
    }
}
