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

    /// What the log of a job says of its end, where the scheduler has forgotten it: the last lines that `slurmstepd` and
    /// the kernel's messages in it have.
    pub fn told_in(log: &[String]) -> Option<Self> {
        const SIGNS: [(&str, Ending); 6] = [
            ("DUE TO TIME LIMIT", Ending::TimedOut),
            ("DUE TO PREEMPTION", Ending::Preempted),
            ("DUE TO NODE FAILURE", Ending::NodeFailed),
            ("oom_kill", Ending::OutOfMemory),
            ("oom-kill", Ending::OutOfMemory),
            // Without a reason, somebody has done it.
            ("CANCELLED AT", Ending::Cancelled),
        ];
        log.iter().rev().find_map(|line| {
            let found = SIGNS.iter().find(|(sign, _)| line.contains(sign));
            found.map(|(_, ending)| *ending)
        })
    }
}
