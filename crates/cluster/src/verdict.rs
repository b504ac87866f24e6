//! What follows from the end of a task for a unit that has no result.

use crate::results::Left;
use crate::task_state::Ending;

/// What is known of a unit whose task is over.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// How the task ended.
    pub ending: Ending,
    /// What it has left behind.
    pub left: Option<Left>,
    /// The last lines of its log.
    pub log: Vec<String>,
    /// True where the unit goes on from where it was, and has got somewhere.
    pub can_go_on: bool,
    /// True where its memory was asked for by size, so that more can be.
    pub memory_is_asked: bool,
    /// How often it was tried before.
    pub attempt: usize,
    /// How often it may be tried again.
    pub retries: usize,
}

/// What is to be done with the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is handed in again.
    Again {
        /// Why.
        why: Ending,
        /// True where it has to be given more memory.
        needs_memory: bool,
    },
    /// It is handed in again once what it takes is, which counts as no attempt; unless that has failed.
    Orphan,
    /// It has failed.
    Failed {
        /// Why.
        reason: String,
        /// The stable code of the error.
        code: Option<String>,
        /// What to do.
        help: Option<String>,
    },
}

/// Codes of errors that end units.
const LOST: &str = "cluster::lost";

impl Evidence {
    /// What follows.
    pub fn verdict(self) -> Verdict {
        let ending = match self.ending {
            // What the scheduler has forgotten may be in the log.
            Ending::Unknown | Ending::Badly(None) => {
                Ending::told_in(&self.log).unwrap_or(self.ending)
            }
            // A shell says so of a program that a signal has ended; the scheduler may have sent it.
            Ending::Badly(Some(code @ 129..=192)) => {
                Ending::told_in(&self.log).unwrap_or(Ending::Killed(code - 128))
            }
            // Where Slurm has no control groups, it says of a job that it has ended for its memory only that a signal did.
            Ending::Killed(_) => {
                let told = Ending::told_in(&self.log);
                let told = told.filter(|ending| *ending == Ending::OutOfMemory);
                told.unwrap_or(self.ending)
            }
            known => known,
        };
        match (self.left.clone(), ending) {
            (Some(Left::Failed { reason, code, help }), _) => {
                Verdict::Failed { reason, code, help }
            }
            (Some(Left::WithoutInputs), _) | (None, Ending::NeverStarted) => Verdict::Orphan,
            (None, ending) => self.of_lost(ending),
        }
    }

    /// Of a unit of which only the end of its task is known.
    fn of_lost(self, ending: Ending) -> Verdict {
        let is_tried_enough = self.attempt >= self.retries;
        let (helps, help) = match ending {
            Ending::NodeFailed | Ending::Preempted | Ending::Unknown | Ending::Killed(_) => (
                true,
                "the same command tries it again; more memory may help where jobs are killed: `memory_gb` in the `resources` of its stage",
            ),
            Ending::TimedOut => (
                self.can_go_on,
                "give it more time, by `minutes` in the `resources` of its stage or `time` in the configuration, and run the same command again",
            ),
            Ending::OutOfMemory => (
                self.memory_is_asked,
                "give it more memory, by `memory_gb` in the `resources` of its stage or `memory` in the configuration, and run the same command again",
            ),
            Ending::Cancelled => (false, "the same command runs it again"),
            Ending::Well => (
                false,
                "the log says what it did; if the cache is in a folder that this machine sees late, run the same command again",
            ),
            Ending::Badly(_) | Ending::NeverStarted => (
                false,
                "the log says why: set-up commands of the configuration may have failed, or the program is not found on that machine",
            ),
        };
        if helps && !is_tried_enough {
            return Verdict::Again {
                why: ending,
                needs_memory: ending == Ending::OutOfMemory,
            };
        }
        let times = match (helps, self.attempt) {
            (true, 1..) => format!(" (tried {} times)", self.attempt + 1),
            _ => String::new(),
        };
        let what = match ending {
            Ending::Well => "its job ended well, and its result is not in the cache".into(),
            other => format!("its job {}", other.describe()),
        };
        let log = match self.log.is_empty() {
            true => String::new(),
            false => format!("; its log ends with:\n{}", self.log.join("\n")),
        };
        Verdict::Failed {
            reason: format!("{what}{times}{log}"),
            code: Some(LOST.into()),
            help: Some(help.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(ending: Ending) -> Evidence {
        Evidence {
            ending,
            left: None,
            log: Vec::new(),
            can_go_on: false,
            memory_is_asked: false,
            attempt: 0,
            retries: 2,
        }
    }

    fn is_again(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Again { .. })
    }

    #[test]
    fn what_another_try_helps_is_tried_again_and_not_for_ever() {
        for (ending, helps) in [
            (Ending::NodeFailed, true),
            (Ending::Preempted, true),
            (Ending::Unknown, true),
            (Ending::Killed(9), true),
            (Ending::Badly(Some(137)), true),
            (Ending::TimedOut, false),
            (Ending::OutOfMemory, false),
            (Ending::Cancelled, false),
            (Ending::Well, false),
            (Ending::Badly(Some(127)), false),
        ] {
            assert_eq!(is_again(&evidence(ending).verdict()), helps, "{ending:?}");
            let last = Evidence {
                attempt: 2,
                ..evidence(ending)
            };
            assert!(!is_again(&last.verdict()), "{ending:?}");
        }
        let going_on = Evidence {
            can_go_on: true,
            ..evidence(Ending::TimedOut)
        };
        assert!(is_again(&going_on.verdict()));
        let asked = Evidence {
            memory_is_asked: true,
            ..evidence(Ending::OutOfMemory)
        };
        let more = Verdict::Again {
            why: Ending::OutOfMemory,
            needs_memory: true,
        };
        assert_eq!(asked.verdict(), more);
    }

    #[test]
    fn what_the_task_says_itself_counts_first_and_the_log_where_nobody_else_says_anything() {
        let failed = Left::Failed {
            reason: "no such speaker".into(),
            code: None,
            help: None,
        };
        let told = Evidence {
            left: Some(failed),
            ..evidence(Ending::Badly(Some(1)))
        };
        assert!(
            matches!(told.verdict(), Verdict::Failed { reason, .. } if reason == "no such speaker")
        );
        let log = "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***";
        let forgotten = Evidence {
            log: vec![log.into()],
            ..evidence(Ending::Unknown)
        };
        let Verdict::Failed { reason, help, .. } = forgotten.verdict() else {
            panic!("it is not tried again");
        };
        assert!(
            reason.contains("took longer") && reason.contains(log),
            "{reason}"
        );
        assert!(help.is_some_and(|help| help.contains("`minutes`")));
    }

    #[test]
    fn what_is_killed_for_its_memory_is_given_more() {
        let over = "slurmstepd: error: StepId=1.batch exceeded memory limit (147288064 > 104857600), being killed";
        let killed = Evidence {
            log: vec![over.into()],
            memory_is_asked: true,
            ..evidence(Ending::Killed(9))
        };
        let more = Verdict::Again {
            why: Ending::OutOfMemory,
            needs_memory: true,
        };
        assert_eq!(killed.verdict(), more);
    }

    #[test]
    fn what_never_started_waits_for_what_it_takes() {
        let without = Evidence {
            left: Some(Left::WithoutInputs),
            ..evidence(Ending::Badly(Some(1)))
        };
        assert_eq!(without.verdict(), Verdict::Orphan);
        assert_eq!(evidence(Ending::NeverStarted).verdict(), Verdict::Orphan);
    }
}
