//! What a cluster says of a task.

/// What a cluster says of one task of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStatus {
    /// The name that the array was submitted under.
    pub name: String,
    /// The number of the job that stands for the array.
    pub job: u64,
    /// The number of the task.
    pub task: u32,
    /// What it is at.
    pub state: TaskState,
    /// Why, in the words of the scheduler; empty where it gives no reason.
    pub reason: String,
}

/// What a task is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It waits for its turn.
    Waiting,
    /// It is at work.
    Running,
    /// It is over.
    Ended(Ending),
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With exit code 0.
    Well,
    /// With another exit code, if that is known.
    Badly(Option<i32>),
    /// By a signal that nobody at the scheduler sent, by its number.
    Killed(i32),
    /// It took longer than it had asked for.
    TimedOut,
    /// It used more memory than it had asked for.
    OutOfMemory,
    /// Its machine failed.
    NodeFailed,
    /// Other work took its place.
    Preempted,
    /// Somebody cancelled it.
    Cancelled,
    /// It never began, since what it waited for did not end well.
    NeverStarted,
    /// The scheduler knows nothing of it any more, and nobody has said how it ended.
    Unknown,
}

impl Ending {
    /// What happened, for people, as the end of a sentence.
    pub fn describe(self) -> String {
        match self {
            Self::Well => "ended well".into(),
            Self::Badly(Some(code)) => format!("ended with exit code {code}"),
            Self::Badly(None) => "failed".into(),
            Self::Killed(signal) => format!("was killed by signal {signal}"),
            Self::TimedOut => "took longer than it had asked for".into(),
            Self::OutOfMemory => "used more memory than it had asked for".into(),
            Self::NodeFailed => "was lost with its machine".into(),
            Self::Preempted => "was pre-empted".into(),
            Self::Cancelled => "was cancelled".into(),
            Self::NeverStarted => "never started, since what it waited for did not end well".into(),
            Self::Unknown => "is gone, and the scheduler does not know how it ended".into(),
        }
    }

    /// What the log of a job says of its end, where the scheduler has forgotten it or gives another reason: the last lines
    /// that `slurmstepd` and the kernel's messages in it have.
    pub fn told_in(log: &[String]) -> Option<Self> {
        const SIGNS: [(&str, Ending); 8] = [
            ("DUE TO TIME LIMIT", Ending::TimedOut),
            ("DUE TO PREEMPTION", Ending::Preempted),
            ("DUE TO NODE FAILURE", Ending::NodeFailed),
            ("oom_kill", Ending::OutOfMemory),
            ("oom-kill", Ending::OutOfMemory),
            ("exceeded memory limit", Ending::OutOfMemory),
            ("xceeded job memory limit", Ending::OutOfMemory),
            // Without a reason, somebody has done it.
            ("CANCELLED AT", Ending::Cancelled),
        ];
        let sign = |line: &String| SIGNS.iter().find(|(sign, _)| line.contains(sign));
        let last = log.iter().rposition(|line| sign(line).is_some())?;
        let (_, ending) = sign(&log[last])?;
        // What ends jobs for their memory says so, and beside it that they are cancelled.
        let beside = log[last.saturating_sub(2)..last].iter().filter_map(sign);
        let mut beside = beside.map(|(_, ending)| *ending);
        let is_memory =
            *ending == Self::Cancelled && beside.any(|other| other == Self::OutOfMemory);
        Some(match is_memory {
            true => Self::OutOfMemory,
            false => *ending,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_tells_how_its_job_ended() {
        let told = |lines: &[&str]| {
            let log: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            Ending::told_in(&log)
        };
        let over = "slurmstepd: error: StepId=1.batch exceeded memory limit (147288064 > 104857600), being killed";
        let exceeded = "slurmstepd: error: Exceeded job memory limit";
        let cancelled = "slurmstepd: error: *** JOB 1 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***";
        let failed = "slurmstepd: error: *** JOB 1 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***";
        assert_eq!(told(&["an epoch"]), None);
        assert_eq!(told(&["an epoch", cancelled]), Some(Ending::Cancelled));
        for lines in [
            &[over, cancelled][..],
            &[over, exceeded, cancelled],
            &[over, cancelled, exceeded],
        ] {
            assert_eq!(told(lines), Some(Ending::OutOfMemory), "{lines:?}");
        }
        // It was started again, and then somebody cancelled it.
        assert_eq!(
            told(&[failed, "an epoch", cancelled]),
            Some(Ending::Cancelled)
        );
        assert_eq!(
            told(&[cancelled, "an epoch", failed]),
            Some(Ending::NodeFailed)
        );
    }
}
